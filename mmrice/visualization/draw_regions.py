"""Draw boxes with captions, and label maps, on images."""
import colorsys
from typing import Optional, Sequence, Tuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Color = Tuple[int, int, int]

RIGHT, WRONG = (46, 160, 67), (207, 34, 46)
_GOLDEN = 0.618034  # turns of the hue between neighbouring labels: the next ones always differ


def label_color(label: int) -> Color:
    """A colour for a class index, the same in every picture."""
    value = (1.0, 0.8)[label // 7 % 2]
    return tuple(round(255 * part) for part in colorsys.hsv_to_rgb(label * _GOLDEN % 1, 0.75, value))


def region_captions(kinds: Sequence[str], labels: Sequence[Sequence[int]], texts: Optional[Sequence[str]] = None,
                    vocabulary: Optional[Sequence[str]] = None, tags: Optional[Sequence[str]] = None) -> list:
    """What is written on each region: ``#17`` for a cluster, words in quotes, names of tags.

    Args:
        kinds: Of :data:`mmrice.structures.KINDS`, of each of K regions.
        labels: Class indices of each; negative ones are padding.
        texts: What each says, '' where nothing is known. Defaults to None.
        vocabulary: Words of the OCR classes, used where there is no text. Defaults to None: their indices.
        tags: Names of the tags. Defaults to None: their indices.

    Returns:
        list: K strings.
    """
    captions = []
    for index, (kind, own) in enumerate(zip(kinds, labels)):
        own = [int(label) for label in own if label >= 0]
        numbers = ' '.join(f'#{label}' for label in own)
        if kind in ('tags', 'image_tags'):
            captions.append(f'tags {numbers}' if tags is None else ', '.join(tags[label] for label in own))
        elif kind in ('object', 'image'):
            captions.append(numbers)
        elif texts is not None and texts[index]:
            captions.append(f'"{texts[index]}"')
        elif kind != 'ocr':
            captions.append('')
        elif vocabulary is not None:
            captions.append(f'"{" ".join(vocabulary[label] for label in own)}"')
        else:
            captions.append(f'ocr {numbers}')
    return captions


def draw_regions(image: np.ndarray,
                 boxes: np.ndarray,
                 captions: Optional[Sequence[str]] = None,
                 colors: Optional[Sequence[Color]] = None,
                 tag_colors: Optional[Sequence[Color]] = None,
                 scale: float = 1.,
                 width: int = 2,
                 font_size: int = 12) -> np.ndarray:
    """Draw boxes with captions; small ones are drawn last and so lie on top.

    Args:
        image: RGB, uint8, shape (H, W, 3).
        boxes: xyxy in pixels of ``image``, shape (K, 4).
        captions: Text above the upper left corner of each box, or inside where there is no room. Defaults to
            None: none.
        colors: RGB of each box. Defaults to None: yellow.
        tag_colors: RGB behind each caption. Defaults to None: that of the box.
        scale: The image is enlarged by this before boxes are drawn. Defaults to 1.
        width: Of the lines, in pixels of the result. Defaults to 2.
        font_size: In pixels of the result. Defaults to 12.

    Returns:
        np.ndarray: RGB, uint8, shape (round(scale H), round(scale W), 3).
    """
    picture = Image.fromarray(image)
    if scale != 1:
        picture = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.BICUBIC)
    boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4) * scale
    colors = colors or [(255, 214, 0)] * len(boxes)
    canvas, font = ImageDraw.Draw(picture), ImageFont.load_default(font_size)
    order = np.argsort(-(boxes[:, 2:] - boxes[:, :2]).prod(1), kind='stable')
    for row in order:
        left, top, right, bottom = boxes[row]
        right, bottom = max(left, min(right, picture.width) - 1), max(top, min(bottom, picture.height) - 1)
        canvas.rectangle((left, top, right, bottom), outline=tuple(colors[row]), width=width)
    for row in order if captions is not None else ():
        if captions[row]:
            _tag(canvas, font, picture.size, boxes[row], captions[row], tuple((tag_colors or colors)[row]))
    return np.asarray(picture)


def _tag(canvas: ImageDraw.ImageDraw, font: ImageFont.ImageFont, size: Tuple[int, int], box: np.ndarray, text: str,
         color: Color) -> None:
    left, top, right, bottom = canvas.textbbox((0, 0), text, font=font)
    width, height = right - left + 4, bottom - top + 4
    above = box[1] - height if box[1] >= height else box[1]  # so that words stay readable
    x, y = min(max(box[0], 0), max(0, size[0] - width)), min(max(above, 0), max(0, size[1] - height))
    canvas.rectangle((x, y, x + width, y + height), fill=color)
    ink = (0, 0, 0) if np.dot(color, (0.299, 0.587, 0.114)) > 140 else (255, 255, 255)
    canvas.text((x + 2 - left, y + 2 - top), text, font=font, fill=ink)


def blend_labels(image: np.ndarray, labels: np.ndarray, palette: Sequence[Color], opacity: float = 0.6,
                 ignore_index: int = 255) -> np.ndarray:
    """Lay the colours of a label map over an image; pixels to be ignored keep the image's.

    Args:
        image: RGB, uint8, shape (H, W, 3).
        labels: Class indices, shape (H, W).
        palette: RGB of each class.
        opacity: Of the colours. Defaults to 0.6.
        ignore_index: Defaults to 255.

    Returns:
        np.ndarray: RGB, uint8, shape (H, W, 3).
    """
    known = labels != ignore_index
    paint = np.asarray(palette, dtype=np.float64)[np.where(known, labels, 0)]
    blended = np.where(known[..., None], (1 - opacity) * image + opacity * paint, image)
    return blended.round().astype(np.uint8)
