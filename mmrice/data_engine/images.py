"""Read any image file as upright 8-bit RGB, or say why it cannot be read."""
import io
import warnings
from contextlib import contextmanager
from typing import Iterator, Optional, Tuple

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

_EXIF_ORIENTATION = 0x0112
_TURNS = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
          5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
          8: Image.Transpose.ROTATE_90}


class Reject(Exception):
    """An image that is left out.

    Args:
        kind: One of a few words to count by: 'too small', 'truncated', ...
        detail: The rest of the reason.
    """

    def __init__(self, kind: str, detail: str = '') -> None:
        super().__init__(f'{kind}: {detail}' if detail else kind)
        self.kind = kind


def open_rgb(data: bytes, max_pixels: int, min_edge: int = 0) -> Tuple[Image.Image, bool]:
    """Decode an image.

    Grey, palette, CMYK and 16-bit images become 8-bit RGB, transparent ones are laid on white, and the EXIF orientation
    is applied. CMYK JPEGs are taken as inverted, as Adobe writes them and browsers read them. Colour profiles are
    ignored. Of a JPEG with further pictures behind it (MPO: stereo pairs, gain maps) the first is taken.

    Args:
        data: Contents of the file.
        max_pixels: Larger images are refused by their header, before they are decoded.
        min_edge: Images with a shorter edge are refused by their header, px.

    Returns:
        tuple: The image, mode RGB, and whether ``data`` already is that image as an upright RGB JPEG.

    Raises:
        Reject: The file is empty, no image, cut off, too large, too small, has several frames, or is of a mode without
            an RGB meaning.
    """
    if not data:
        raise Reject('zero bytes')
    try:
        with _own_limits(), Image.open(io.BytesIO(data)) as image:
            _check_header(image, max_pixels, min_edge)
            image.load()
            turn = _TURNS.get(_orientation(image))
            upright = image if turn is None else image.transpose(turn)
            return to_rgb(upright), image.format == 'JPEG' and image.mode == 'RGB' and turn is None
    except (Reject, MemoryError):
        raise
    except Exception as error:  # on damaged files Pillow's decoders raise whatever comes to hand
        raise _as_reject(error) from error


@contextmanager
def _own_limits() -> Iterator[None]:
    """Pillow neither warns of large images nor refuses them meanwhile: its limit may be below max_pixels."""
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _check_header(image: Image.Image, max_pixels: int, min_edge: int) -> None:
    if image.width * image.height > max_pixels:
        raise Reject('too large', f'{image.width} x {image.height} px, limit {max_pixels} px')
    if min(image.size) < min_edge:
        raise Reject('too small', f'{image.width} x {image.height} px, least edge {min_edge} px')
    frames = getattr(image, 'n_frames', 1)
    if frames > 1 and image.format != 'MPO':
        raise Reject('animated', f'{frames} frames or pages')


def _orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 (upright) where it is missing or cannot be read."""
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:  # as above; the picture itself is sound
        return 1


def _as_reject(error: Exception) -> Reject:
    if isinstance(error, UnidentifiedImageError):  # its message holds an address, which differs from run to run
        return Reject('unreadable', 'no known image format')
    text = str(error) or type(error).__name__
    return Reject('truncated' if 'truncated' in text.lower() else 'unreadable', text)


def to_rgb(image: Image.Image) -> Image.Image:
    """Convert an image of any mode to RGB; see :func:`open_rgb`.

    Raises:
        Reject: The mode has no RGB meaning (floating point, 32 bits).
    """
    if image.mode == 'RGB' and 'transparency' not in image.info:
        return image
    if image.mode.startswith('I'):
        return Image.fromarray(_from_16_bits(np.asarray(image))).convert('RGB')
    if image.mode == 'F':
        raise Reject('unreadable', 'floating-point pixels have no agreed range')
    if image.mode in ('La', 'RGBa'):  # colours are multiplied with alpha
        image = image.convert({'La': 'LA', 'RGBa': 'RGBA'}[image.mode])
    if 'A' in image.getbands() or 'transparency' in image.info:
        rgba = image.convert('RGBA')
        return Image.alpha_composite(Image.new('RGBA', image.size, 'white'), rgba).convert('RGB')
    return image.convert('RGB')


def _from_16_bits(grey_HW: np.ndarray) -> np.ndarray:
    """0..65535 in any integer type to 0..255, uint8, rounded."""
    grey = grey_HW.astype(np.int64)
    if grey.size and not 0 <= grey.min() <= grey.max() <= 65535:
        raise Reject('unreadable', '32-bit pixels have no agreed range')
    return ((grey + 128) // 257).astype(np.uint8)


def encode_jpeg(image: Image.Image, quality: int) -> bytes:
    """Encode an RGB image as JPEG without chroma subsampling and without notes."""
    stream = io.BytesIO()
    image.save(stream, 'JPEG', quality=quality, subsampling=0, comment=b'')
    return stream.getvalue()


def shrink(image: Image.Image, max_edge: Optional[int]) -> Image.Image:
    """Make the longer edge ``max_edge`` px where it is longer; None keeps the image."""
    if max_edge is None or max(image.size) <= max_edge:
        return image
    ratio = max_edge / max(image.size)
    return image.resize((max(1, round(image.width * ratio)), max(1, round(image.height * ratio))), Image.LANCZOS)


def decode_jpeg(data: bytes) -> np.ndarray:
    """Decode a JPEG of a shard, shape (H, W, 3), RGB, uint8."""
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
