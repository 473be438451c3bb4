"""``scenes``: synthetic compositions of real pixels, with exact boxes, masks, stuff, captions and transcripts."""
import json
from pathlib import Path
from typing import Dict, List, Sequence

from PIL import Image

from .annotate import CLASSES, instances_of, label_map_of, panoptic_of
from .archives import Archive
from .backgrounds import STUFF, Background, load_backgrounds
from .captions import caption_of, masked_phrases_of, phrases_of, words_of
from .coco import write_coco
from .compose import Composer
from .cutouts import THINGS, CutOut, load_cutouts
from .progress import Progress
from .refs import refs_of, write_refs

DESCRIPTION = 'Synthetic composition of real cut-outs on real backgrounds with rendered words.'


def build_scenes(archives: Dict[str, Archive], folder: Path, counts: Dict[str, int], size: int = 256, seed: int = 0,
                 more_cutouts: Sequence[CutOut] = ()) -> Dict[str, int]:
    """Write the scenes of both splits and ``classes.json`` into ``folder``.

    Args:
        archives: Open packages, by name.
        folder: An empty folder.
        counts: Scenes of each split, by 'train' and 'val'.
        size: Side of a scene in pixels.
        seed: The same seed gives the same bytes.
        more_cutouts: Cut-outs beside those of the pip packages.

    Returns:
        dict: Counts for the summary.
    """
    cutouts = [*load_cutouts(archives), *more_cutouts]
    return write_scenes(cutouts, load_backgrounds(archives), folder, counts, size, seed)


def write_scenes(cutouts: Sequence[CutOut], backgrounds: Sequence[Background], folder: Path, counts: Dict[str, int],
                 size: int, seed: int) -> Dict[str, int]:
    """Compose and write scenes from given material; see :func:`build_scenes`."""
    classes = dict(things=THINGS, stuff=STUFF, segmentation=CLASSES)
    (folder / 'classes.json').write_text(json.dumps(classes, indent=1) + '\n', encoding='utf-8')
    summary: Dict[str, int] = {}
    with Progress('scenes', sum(counts.values())) as progress:
        for split, count in counts.items():
            writer = SplitWriter(folder, split)
            composer = Composer(cutouts, backgrounds, split, size, seed)
            for number in range(count):
                writer.add(composer.scene(number))
                progress.step(split)
            writer.close()
            summary[f'{split} scenes'], summary[f'{split} things'] = count, len(writer.annotations)
    return summary


class SplitWriter:
    """Writes the files of one split.

    Args:
        folder: The folder of the scenes.
        split: 'train' or 'val'.
    """

    def __init__(self, folder: Path, split: str) -> None:
        self.folder, self.split = folder, split
        self.images: List[Dict] = []
        self.annotations: List[Dict] = []
        self.panoptic: List[Dict] = []
        self.texts: List[Dict] = []
        self.masked_texts: List[Dict] = []
        for name in (split, f'panoptic_{split}', f'seg/{split}', 'annotations', 'text'):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def add(self, scene) -> None:
        """Write the images of a scene and keep its annotations."""
        number = len(self.images) + 1
        stem = f'{number:06d}'
        height, width = scene.owner.shape
        Image.fromarray(scene.pixels).save(self.folder / self.split / f'{stem}.jpg', quality=92)
        Image.fromarray(label_map_of(scene)).save(self.folder / 'seg' / self.split / f'{stem}.png')
        ids, segments = panoptic_of(scene)
        Image.fromarray(ids).save(self.folder / f'panoptic_{self.split}' / f'{stem}.png')
        self.images.append(dict(id=number, file_name=f'{stem}.jpg', width=width, height=height))
        self.annotations += instances_of(scene, number)
        self.panoptic.append(dict(image_id=number, file_name=f'{stem}.png', segments_info=segments))
        self.texts.append(dict(file_name=f'{stem}.jpg', image_id=number, caption=caption_of(scene),
                               regions=phrases_of(scene), words=words_of(scene)))
        self.masked_texts.append(dict(file_name=f'{stem}.jpg', image_id=number, caption=caption_of(scene),
                                      regions=masked_phrases_of(scene)))

    def close(self) -> None:
        """Write the annotation files."""
        annotations = self.folder / 'annotations'
        write_coco(annotations / f'{self.split}.json', self.images, self.annotations, THINGS, DESCRIPTION)
        write_refs(annotations / f'refs_{self.split}.p', refs_of(self.annotations, self.texts, self.split))
        categories = [dict(id=number, name=name, isthing=int(number <= len(THINGS)))
                      for number, name in enumerate(CLASSES, 1)]
        panoptic = dict(info=dict(description=DESCRIPTION), images=self.images, annotations=self.panoptic,
                        categories=categories)
        path = annotations / f'panoptic_{self.split}.json'
        path.write_text(json.dumps(panoptic) + '\n', encoding='utf-8')
        for name, entries in ((self.split, self.texts), (f'{self.split}_masks', self.masked_texts)):
            with open(self.folder / 'text' / f'{name}.jsonl', 'w', encoding='utf-8') as stream:
                for entry in entries:
                    stream.write(json.dumps(entry, ensure_ascii=False) + '\n')
