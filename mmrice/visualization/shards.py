"""Choose images and cluster members out of region shards, to be looked at."""
import json
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Dict, List, Optional, Tuple, Union

import numpy as np
from PIL import Image

from mmrice.data_engine.whitening import project
from mmrice.data_engine.workspace import Workspace
from mmrice.datasets.shard_format import index_tar, read_meta, read_regions, regions_path
from mmrice.utils import UserError


@dataclass(frozen=True)
class Region:
    """One object region: which image it is in, its box (4,) xyxy pixels, cluster, and cosine to the cluster's centre.

    Where the build's embeddings are gone the cosine is 0.
    """
    key: str
    box: np.ndarray
    cluster: int
    cosine: float


class RegionShards:
    """Region shards, opened for browsing.

    Args:
        root: Folder that tools/build_region_data.py wrote.

    Attributes:
        meta (dict): meta.json.
        vocabulary (list, optional): Words of the OCR classes.
        regions (dict): key -> fields of an image, see :func:`mmrice.datasets.shard_format.read_regions`.

    Raises:
        UserError: The shards are missing or damaged.
    """

    def __init__(self, root: Union[str, Path]) -> None:
        self.root = Path(root)
        self.meta = read_meta(self.root)
        words = self.root / 'ocr_vocab.json'
        self.vocabulary: Optional[List[str]] = json.loads(words.read_text('utf-8')) if words.is_file() else None
        self.regions: Dict[str, dict] = {}
        self._place: Dict[str, Tuple[Path, int, int]] = {}
        for tar in sorted(self.root.glob('*.tar')):
            self._place.update((key, (tar, *place)) for key, place in index_tar(tar).items())
            self.regions.update(read_regions(regions_path(tar)))
        missing = next((key for key in self.regions if key not in self._place), None)
        if missing is not None:
            raise UserError(f'{self.root}: image {missing!r} has regions but is in no tar. '
                            'Build the shards again with tools/build_region_data.py.')

    def image(self, key: str) -> np.ndarray:
        """Decode an image: RGB, uint8, shape (H, W, 3).

        Raises:
            UserError: It is damaged.
        """
        tar, offset, size = self._place[key]
        with open(tar, 'rb') as stream:
            stream.seek(offset)
            content = stream.read(size)
        try:
            return np.asarray(Image.open(BytesIO(content)).convert('RGB'))
        except OSError as error:
            raise UserError(f'{tar}: {key}.jpg cannot be decoded ({error}). Build the shards again with '
                            'tools/build_region_data.py.') from error

    def sample(self, count: int) -> List[str]:
        """Keys of images to show: half of them those with most OCR regions, the others evenly spaced over the rest."""
        by_words = sorted(self.regions, key=lambda key: -self.regions[key]['kinds'].count('ocr'))
        chosen = [key for key in by_words[:count // 2] if 'ocr' in self.regions[key]['kinds']]
        rest = [key for key in self.regions if key not in chosen]
        steps = np.linspace(0, len(rest) - 1, count - len(chosen)).round().astype(int)
        return chosen + [rest[step] for step in dict.fromkeys(steps.tolist())]

    def clusters(self) -> Dict[int, List[Region]]:
        """All object regions by cluster, largest cluster first, members nearest to the centre first."""
        members: Dict[int, List[Region]] = {}
        for tar in sorted(self.root.glob('*.tar')):
            rows = [(key, image['boxes'][row], image['labels'][row][0])
                    for key, image in read_regions(regions_path(tar)).items()
                    for row, kind in enumerate(image['kinds']) if kind == 'object']
            cosines = self._cosines(tar.stem, np.array([label for _, _, label in rows], dtype=np.int64))
            for (key, box, label), cosine in zip(rows, cosines):
                members.setdefault(label, []).append(Region(key, box, label, float(cosine)))
        return {label: sorted(own, key=lambda region: -region.cosine)
                for label, own in sorted(members.items(), key=lambda item: (-len(item[1]), item[0]))}

    def _cosines(self, shard: str, labels: np.ndarray) -> np.ndarray:
        """Cosine of each object region of a shard to its centre, shape (R,); zeros without the build's embeddings."""
        embeddings, centers = Workspace(self.root).work(shard, 'embed', 'npy'), self.root / 'centers.npy'
        if not embeddings.is_file() or not centers.is_file():
            return np.zeros(len(labels))
        features, table = np.load(embeddings).astype(np.float32), np.load(centers)
        if len(features) != len(labels) or len(labels) == 0:
            return np.zeros(len(labels))
        if (self.root / 'projection.npz').is_file():
            with np.load(self.root / 'projection.npz') as arrays:
                features = project(features, **arrays)
        return np.einsum('rd,rd->r', features, table[labels])
