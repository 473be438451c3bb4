"""Find the regions that stand for the clusters and words of a gallery, shard by shard, in memory for what is shown."""
from pathlib import Path
from typing import Any, Dict, NamedTuple, Optional, Sequence

import numpy as np

from mmrice.data_engine.clustering.clusters import load_clusters
from mmrice.data_engine.whitening import project
from mmrice.data_engine.workspace import Workspace

from .labels import Limits, read_labels, watched

_CHUNK = 1 << 14  # embeddings that are projected at once
_ROW = np.dtype([('slot', 'i8'), ('score', 'f4'), ('shard', 'i8'), ('row', 'i8'), ('image', 'i8')])


class Best:
    """The rows with the highest scores of each slot, kept while shards go by.

    Args:
        most: Rows a slot.

    Attributes:
        rows: Structured array, by slot and falling score.
    """

    def __init__(self, most: int) -> None:
        self.most, self.rows = most, np.zeros(0, _ROW)

    def add(self, **columns: Any) -> None:
        """Offer rows; see ``_ROW`` for the columns."""
        new = np.zeros(len(columns['slot']), _ROW)
        for name, values in columns.items():
            new[name] = values
        rows = np.concatenate([self.rows, new])
        rows = rows[np.lexsort((rows['row'], rows['shard'], -rows['score'], rows['slot']))]
        rank = np.arange(len(rows)) - np.searchsorted(rows['slot'], rows['slot'])
        self.rows = rows[rank < self.most]

    def slot(self, number: int) -> np.ndarray:
        """Rows of one slot."""
        return self.rows[slice(*np.searchsorted(self.rows['slot'], [number, number + 1]))]


class Embeddings:
    """What the build embedded, and the centres of the chosen clusters.

    Args:
        root: Folder of the build.
        tars: Its shards.
        regions: Clustered regions of each.
        chosen: Clusters.

    Attributes:
        missing: Why cosines are unknown; '' where they are known.
    """

    def __init__(self, root: Path, tars: Sequence[Path], regions: Sequence[int], chosen: np.ndarray) -> None:
        self.paths = [Workspace(root).work(tar.stem, 'embed', 'npy') for tar in tars]
        try:
            clusters = load_clusters(Workspace(root))
            self.centers, self.projection = np.asarray(clusters.centers[chosen], np.float32), clusters.projection
            shapes = [np.load(path, mmap_mode='r').shape for path in self.paths]
            width, out = self.projection['matrix'].shape if self.projection else [self.centers.shape[1]] * 2
            fit = out == self.centers.shape[1] and all(
                shape == (count, width) or not count for shape, count in zip(shapes, regions))
            self.missing = '' if fit else 'the embeddings of the build are those of other regions'
        except FileNotFoundError:
            self.missing = 'the embeddings of the build are gone'
        except (ValueError, OSError, EOFError, KeyError, IndexError):
            self.missing = 'the embeddings of the build are damaged'

    def cosines(self, shard: int, places: np.ndarray, slots: np.ndarray) -> np.ndarray:
        """Cosine of some regions of a shard to the centres in their slots, float32."""
        features, found = np.load(self.paths[shard], mmap_mode='r'), np.zeros(len(places), np.float32)
        for start in range(0, len(places), _CHUNK):
            part = slice(start, start + _CHUNK)
            rows = np.asarray(features[places[part]], np.float32)
            rows = project(rows, **self.projection) if self.projection else rows
            found[part] = np.einsum('rd,rd->r', rows, self.centers[slots[part]])
        return found


class Members(NamedTuple):
    """Best regions of the chosen clusters (slots in the order of choice) and some of the chosen words; of each cluster
    its number of images and the sum of its scores, which are cosines where there are embeddings."""
    clusters: Best
    words: Best
    images_S: np.ndarray
    score_S: np.ndarray


def find_members(tars: Sequence[Path], kind: Optional[str], num_classes: Dict[str, int], clusters: np.ndarray,
                 words: np.ndarray, embeddings: Embeddings, limits: Limits) -> Members:
    """Find the regions that stand for each chosen cluster (the nearest, or random ones without embeddings) and word
    (random ones)."""
    slot_K, slot_V = (np.full(num_classes.get(name or '', 0), -1) for name in (kind, 'ocr'))
    slot_K[clusters], slot_V[words] = np.arange(len(clusters)), np.arange(len(words))
    found = Members(Best(limits.crops), Best(limits.crops), np.zeros(len(clusters), np.int64), np.zeros(len(clusters)))
    for shard, tar in enumerate(watched('members', tars)):
        labels, rng = read_labels(tar, kind, num_classes), np.random.default_rng([limits.seed, shard])
        chance_R = rng.random(len(labels.counts_R))
        slots = slot_K[labels.nearest()]
        places = np.flatnonzero(slots >= 0)
        slots, rows = slots[places], labels.rows[0][places]
        score = chance_R[rows] if embeddings.missing else embeddings.cosines(shard, places, slots)
        found.clusters.add(slot=slots, score=score, shard=shard, row=rows, image=labels.image_R[rows])
        pairs = np.unique(slots * labels.num_images + labels.image_R[rows])
        found.images_S[:] += np.bincount(pairs // max(labels.num_images, 1), minlength=len(clusters))
        found.score_S[:] += np.bincount(slots, score, len(clusters))
        rows, own = labels.words()
        pairs = np.unique(np.stack([slot_V[own], rows], 1)[slot_V[own] >= 0], axis=0).reshape(-1, 2)
        found.words.add(slot=pairs[:, 0], score=chance_R[pairs[:, 1]], shard=shard, row=pairs[:, 1],
                        image=labels.image_R[pairs[:, 1]])
    return found
