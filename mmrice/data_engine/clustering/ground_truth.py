"""Regions of a build that lie on annotated objects, with the classes of these."""
import posixpath
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple

import numpy as np

from mmrice.datasets.shard_format import read_meta, read_regions, regions_path
from mmrice.utils import UserError

from ..boxes import pairwise_iou
from ..coco_file import iter_annotations, iter_images, iter_list
from ..workspace import Workspace, read_json

ImageTruth = Tuple[np.ndarray, np.ndarray]  # boxes (G, 4), xyxy in px of the source image; indices of classes (G,)


class Matched(NamedTuple):
    """M regions that overlap an annotated box, and its class.

    Attributes:
        clusters: Label of each, (M,); of several the nearest.
        classes: Index into ``names``, (M,).
        images: Number of its image among all images of the build, (M,).
        features: Its embedding, (M, D), float16.
        names: Of the classes.
        regions: How many regions the annotated images have.
        boxes: How many annotated boxes these have.
        found: How many of the boxes a region overlaps.
    """
    clusters: np.ndarray
    classes: np.ndarray
    images: np.ndarray
    features: np.ndarray
    names: List[str]
    regions: int
    boxes: int
    found: int


class Truth:
    """Annotated boxes of the sources of a build.

    Args:
        ann_files: Source name of ingest -> COCO json with ``images``, ``annotations`` and ``categories``. Files may
            share names of categories. Annotations with ``iscrowd`` are left out.

    Raises:
        UserError: A file is missing or no COCO json.
    """

    def __init__(self, ann_files: Dict[str, str]) -> None:
        self.names: List[str] = []
        self.ann_files, self._images = ann_files, {name: self._read(path) for name, path in ann_files.items()}

    def _read(self, path: str) -> Dict[str, ImageTruth]:
        try:
            categories = {category['id']: str(category['name']) for category in iter_list(path, 'categories')}
            files = {str(image['id']): posixpath.normpath(image['file_name']) for image in iter_images(path)}
            found: Dict[str, List[Tuple[List[float], int]]] = {file: [] for file in files.values()}
            for annotation in iter_annotations(path):
                if annotation.get('iscrowd'):
                    continue
                name = categories[annotation['category_id']]
                if name not in self.names:
                    self.names.append(name)
                x, y, width, height = (float(value) for value in annotation['bbox'])
                found[files[str(annotation['image_id'])]].append(([x, y, x + width, y + height],
                                                                  self.names.index(name)))
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f'{path}: a category, image or bbox is missing or wrong ({error}); expected COCO detection '
                            'annotations.') from error
        return {file: (np.array([box for box, _ in boxes], np.float32).reshape(-1, 4),
                       np.array([label for _, label in boxes], np.int64)) for file, boxes in found.items()}

    def of(self, record: Dict[str, Any]) -> Any:
        """Boxes in px of the stored image and classes, or None where the image is not annotated.

        Args:
            record: What ingest noted about the image.
        """
        found = self._images.get(record['source'], {}).get(posixpath.normpath(record['file']))
        if found is None:
            return None
        ratio = np.array([now / was for now, was in zip(record['size'], record['source_size'])] * 2, np.float32)
        return found[0] * ratio, found[1]


def shards_of(space: Workspace) -> List[str]:
    """Names of the shards of a finished build.

    Raises:
        UserError: There is none, or its ``.work`` is gone.
    """
    shards = [f'{number:06d}' for number in range(read_meta(space.root)['num_shards'])]
    for shard in shards:
        if not space.work(shard, 'embed', 'npy').is_file():
            raise UserError(f'{space.work(shard, "embed", "npy")}: no such file. The embeddings of a build are needed: '
                            'run tools/build_region_data.py again, it makes what is missing.')
    return shards


def match_regions(space: Workspace, truth: Truth, min_iou: float) -> Matched:
    """Give regions the class of the annotated box that they overlap most.

    Memory: the matched regions, D x 2 bytes each.

    Args:
        space: Of a finished build.
        truth: The annotated boxes.
        min_iou: Regions that overlap no box by as much are left out.

    Raises:
        UserError: An annotation file names no image of its source, or no region overlaps a box.
    """
    parts, regions, boxes, found, number, seen = [], 0, 0, 0, 0, set()
    for shard in shards_of(space):
        features = np.load(space.work(shard, 'embed', 'npy'), mmap_mode='r')
        for record, rows, region_boxes, labels in _images(space, shard):
            annotated = truth.of(record)
            number += 1
            if annotated is None:
                continue
            seen.add(record['source'])
            regions, boxes = regions + len(region_boxes), boxes + len(annotated[0])
            if not len(region_boxes) or not len(annotated[0]):
                continue
            iou = pairwise_iou(region_boxes, annotated[0])
            good = np.flatnonzero(iou.max(1) >= min_iou)
            found += int((iou.max(0) >= min_iou).sum())
            parts.append((labels[good], annotated[1][iou[good].argmax(1)], np.full(len(good), number - 1),
                          features[rows][good]))
    for name in truth.ann_files:
        if name not in seen:
            raise UserError(f'{truth.ann_files[name]}: names none of the images of source {name!r} of {space.root}. '
                            'Check --ann-file; file names must be those below the folder of the source.')
    if not sum(len(part[0]) for part in parts):
        raise UserError(f'{space.root}: none of {regions} regions overlaps an annotated box by {min_iou} or more. '
                        'Lower --min-iou.')
    return Matched(*(np.concatenate(column) for column in zip(*parts)), truth.names, regions, boxes, found)


def _images(space: Workspace, shard: str) -> Iterator[Tuple[Dict[str, Any], slice, np.ndarray, np.ndarray]]:
    """Each image of a shard: its record, rows in the embeddings, and boxes and first labels of its proposed regions."""
    with np.load(space.work(shard, 'propose', 'npz')) as proposals:
        ends = np.cumsum(proposals['counts'])
    labelled = read_regions(regions_path(space.tar(shard)))
    for record, start, end in zip(read_json(space.work(shard, 'ingest', 'json'))['images'], [0, *ends], ends):
        image = labelled.get(record['key'])
        if start == end:
            yield record, slice(start, end), np.zeros((0, 4), np.float32), np.zeros(0, np.int64)
            continue
        # The proposed regions of an image come before its lines.
        boxes, labels = image['boxes'][:end - start], [values[0] for values in image['labels'][:end - start]]
        yield record, slice(start, end), boxes, np.array(labels)
