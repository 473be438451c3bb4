"""Read any image file as upright 8-bit RGB, or say why it cannot be read."""
import io
from typing import Optional, Tuple

import cv2
import numpy as np
from PIL import Image, ImageOps

UPRIGHT = 1  # the EXIF orientation of an image that needs no turning
_EXIF_ORIENTATION = 0x0112


class Reject(Exception):
    """An image that is left out; the message is the reason."""


def open_rgb(data: bytes, max_pixels: int) -> Tuple[Image.Image, bool]:
    """Decode an image.

    Grey, palette, CMYK and 16-bit images become 8-bit RGB, transparent ones are laid on white, and the EXIF orientation
    is applied.

    Args:
        data: Contents of the file.
        max_pixels: Larger images are refused before they are decoded.

    Returns:
        tuple: The image, mode RGB, and whether ``data`` already is that image as an upright RGB JPEG.

    Raises:
        Reject: The file is empty, no image, cut off, too large, or of a mode without an RGB meaning.
    """
    if not data:
        raise Reject('zero bytes')
    try:
        image = Image.open(io.BytesIO(data))
        if image.width * image.height > max_pixels:
            raise Reject(f'too large: {image.width} x {image.height} px, limit {max_pixels} px')
        plain = image.format == 'JPEG' and image.mode == 'RGB' and image.getexif().get(_EXIF_ORIENTATION, 1) == UPRIGHT
        image.load()
        return to_rgb(ImageOps.exif_transpose(image)), plain
    except Image.DecompressionBombError as error:
        raise Reject(f'too large: {error}') from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        kind = 'truncated' if 'truncated' in str(error) else 'unreadable'
        reason = 'no known image format' if 'cannot identify' in str(error) else str(error)
        raise Reject(f'{kind}: {reason}') from error


def to_rgb(image: Image.Image) -> Image.Image:
    """Convert an image of any mode to RGB; see :func:`open_rgb`.

    Raises:
        Reject: The mode has no RGB meaning (floating point).
    """
    if image.mode == 'RGB':
        return image
    if image.mode.startswith('I'):
        grey = np.asarray(image).astype(np.int64)
        grey = grey // 257 if grey.max(initial=0) > 255 else grey
        return Image.fromarray(grey.clip(0, 255).astype(np.uint8)).convert('RGB')
    if image.mode == 'F':
        raise Reject('unreadable: floating-point pixels have no agreed range')
    if 'A' in image.getbands() or 'transparency' in image.info:
        rgba = image.convert('RGBA')
        return Image.alpha_composite(Image.new('RGBA', image.size, 'white'), rgba).convert('RGB')
    return image.convert('RGB')


def encode_jpeg(image: Image.Image, quality: int) -> bytes:
    """Encode an RGB image as JPEG without chroma subsampling."""
    stream = io.BytesIO()
    image.save(stream, 'JPEG', quality=quality, subsampling=0)
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
