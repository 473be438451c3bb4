"""Find and read the images to infer."""
from pathlib import Path
from typing import Any, List, Sequence, Tuple, Union

import numpy as np

from mmrice.utils import UserError

ImageLike = Union[str, Path, np.ndarray]
MAX_PIXELS = 250_000_000  # larger ones are refused before they are decoded


def list_images(path: Union[str, Path]) -> List[Path]:
    """The images of a folder and the folders in it, sorted; a file stands for itself.

    Raises:
        UserError: No such file or folder, or a folder without images.
    """
    from mmrice.data_engine.sources.files import EXTENSIONS
    path = Path(path).expanduser()
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UserError(f'{path}: no such image or folder.')
    found = sorted(item for item in path.rglob('*') if item.suffix.lower() in EXTENSIONS and item.is_file())
    if not found:
        raise UserError(f'{path}: holds no images ({" ".join(EXTENSIONS)}).')
    return found


def as_list(images: Union[ImageLike, Sequence[ImageLike]]) -> Tuple[List[ImageLike], bool]:
    """What a user gave as a list, and whether it was one image.

    Args:
        images: A path, a folder, an array, or a list of paths and arrays.
    """
    if isinstance(images, (str, Path)):
        path = Path(images).expanduser()
        return list_images(path), not path.is_dir()
    if isinstance(images, np.ndarray) and images.ndim == 3:
        return [images], True
    return list(images), False


def read_image(image: ImageLike) -> np.ndarray:
    """Read an image upright, as RGB.

    Args:
        image: A path, or an array that is returned as it is: RGB, uint8, shape (H, W, 3).

    Returns:
        np.ndarray: shape (H, W, 3), uint8.

    Raises:
        UserError: No such file, damaged, or an array of another shape or dtype.
    """
    from mmrice.data_engine.images import Reject, open_rgb
    if isinstance(image, (str, Path)):
        path = Path(image).expanduser()
        if not path.is_file():
            raise UserError(f'{path}: no such image.')
        try:
            return np.asarray(open_rgb(path.read_bytes(), MAX_PIXELS)[0])
        except Reject as reason:
            raise UserError(f'{path}: {reason}.') from reason
    array: Any = np.asarray(image)
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8 or not array.size:
        raise UserError(f'An image is an array of shape {array.shape} and dtype {array.dtype}. Expected RGB, shape '
                        '(H, W, 3), uint8.')
    return array


def picture_names(images: Sequence[ImageLike], root: Union[str, Path, None] = None) -> List[str]:
    """A name without ending for each image, no two alike: its place below ``root``, its file name, or its number."""
    names: List[str] = []
    taken = set()
    for number, image in enumerate(images):
        name = f'{number:06d}'
        if isinstance(image, (str, Path)):
            path = Path(image)
            inside = root is not None and path.is_relative_to(root) and path != Path(root)
            whole = path.relative_to(root) if inside else Path(path.name)
            name = whole.with_suffix('').as_posix()
            name = whole.as_posix() if name in taken else name
        name = name if name not in taken else f'{name}_{number}'
        taken.add(name)
        names.append(name)
    return names
