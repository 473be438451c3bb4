"""Words for the scenes, rendered with the fonts that come with matplotlib."""
import importlib.util
from functools import cache, lru_cache
from pathlib import Path
from typing import Tuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mmrice.utils import UserError

FONTS = ('DejaVuSans.ttf', 'DejaVuSans-Bold.ttf', 'DejaVuSerif.ttf', 'DejaVuSerif-Bold.ttf', 'DejaVuSansMono-Bold.ttf')
_SIGNS = """
OPEN CLOSED EXIT ENTRY HOTEL MOTEL CAFE BAR BAKERY PIZZA COFFEE TEA MILK BREAD FRUIT FISH MEAT SALAD SOUP RICE
STOP SLOW YIELD SPEED LIMIT ONE WAY NORTH SOUTH EAST WEST LEFT RIGHT PARKING TAXI BUS TRAIN METRO TRAM FERRY AIRPORT
STATION PLATFORM TICKETS TOILETS LIFT STAIRS FLOOR ROOM OFFICE BANK POST POLICE FIRE HOSPITAL PHARMACY SCHOOL LIBRARY
MUSEUM THEATRE CINEMA MUSIC BOOKS PAPER NEWS SHOES HATS TOYS GAMES SPORTS GARDEN FLOWERS PARK BEACH RIVER LAKE BRIDGE
TOWER CASTLE CHURCH MARKET SALE FREE NEW BEST PRICE TODAY DAILY FRESH HOT COLD SWEET SALT SUGAR WATER JUICE LEMON
APPLE ORANGE PEACH CHERRY MELON GRAPE OLIVE TOMATO POTATO ONION PEPPER GARLIC CARROT PUSH PULL HELP INFO DANGER
CAUTION KEEP OUT PRIVATE PUBLIC NOTICE SMOKING PHOTO CAMERA PHONE RADIO CLOCK LIGHT POWER SOLAR WIND STONE GLASS
SILVER GOLD COPPER IRON STEEL RUBBER COTTON WOOL SILK LEATHER Monday Tuesday Friday Sunday Spring Summer Autumn Winter
Welcome Thanks Please Hello Street Avenue Square Corner Garage Motors Tyres Repair Rental Kitchen Dinner Lunch
Breakfast Chocolate Vanilla Caramel Butter Cheese Honey Pasta Noodles Burger Grill Sandwich Cookies Ice Cream Candy
2024 1984 365 24h 50% 10km 99 100 500 42 3D A4 B12 C3 M25 No.1 No.7 Zone Level Gate Dock Pier Hall Studio Gallery
"""
_ALL = _SIGNS.split()
# Every fourth word is kept for validation.
WORDS = {'train': tuple(word for index, word in enumerate(_ALL) if index % 4),
         'val': tuple(word for index, word in enumerate(_ALL) if index % 4 == 0)}


@cache
def font_folder() -> Path:
    """Return the folder with matplotlib's fonts, without importing matplotlib.

    Raises:
        UserError: matplotlib is not installed.
    """
    spec = importlib.util.find_spec('matplotlib')
    if spec is None:
        raise UserError('The words of the mini scenes need the fonts of matplotlib: pip install matplotlib')
    return Path(spec.origin).parent / 'mpl-data' / 'fonts' / 'ttf'


@lru_cache(maxsize=256)
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    # The basic layout gives the same pixels whether or not Pillow was built with raqm.
    return ImageFont.truetype(str(font_folder() / name), size, layout_engine=ImageFont.Layout.BASIC)


def render_word(word: str, font: str, size: int, ink: Tuple[int, int, int], plate: Tuple[int, int, int],
                plate_alpha: int, angle: float) -> Tuple[Image.Image, Image.Image, np.ndarray]:
    """Render one word on a plate and turn it.

    Args:
        word: Text of one line.
        font: One of :data:`FONTS`.
        size: Font size in pixels.
        ink: Colour of the letters, RGB.
        plate: Colour of the plate, RGB.
        plate_alpha: 0 (letters alone) to 255.
        angle: Degrees, counter-clockwise.

    Returns:
        tuple: RGBA image, the mask of the turned plate (mode 'L', 0 or 255) and the plate's corners from the top left
        of the unturned word clockwise, (x, y) in pixels of the image, shape (4, 2), float32.
    """
    left, top, right, bottom = _font(font, size).getbbox(word)
    pad = max(2, size // 6)
    width, height = right - left + 2 * pad, bottom - top + 2 * pad
    flat = Image.new('RGBA', (width, height), (*plate, plate_alpha))
    letters = Image.new('L', (width, height))
    ImageDraw.Draw(letters).text((pad - left, pad - top), word, font=_font(font, size), fill=255)
    flat.paste((*ink, 255), (0, 0), letters)
    turned = flat.rotate(angle, resample=Image.BICUBIC, expand=True, fillcolor=(*plate, 0))
    centre = np.array([turned.width, turned.height], dtype=np.float64) / 2
    half = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    cosine, sine = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    corners = half @ np.array([[cosine, -sine], [sine, cosine]]) + centre
    mask = Image.new('L', turned.size)
    ImageDraw.Draw(mask).polygon([tuple(corner) for corner in corners.tolist()], fill=255)
    return turned, mask, corners.astype(np.float32)
