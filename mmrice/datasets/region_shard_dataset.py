"""RegionShardDataset: images and labelled regions from the shards that the data engine writes."""
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mmrice.registry import DATASETS
from mmrice.structures import KINDS
from mmrice.utils import UserError

from .shard_format import index_tar, read_meta, read_regions, regions_path

KIND_INDEX = {kind: index for index, kind in enumerate(KINDS)}


def _pad_labels(labels: List[List[int]]) -> np.ndarray:
    """Label lists to int64 (K, P), padded with -1."""
    padded = np.full((len(labels), max(map(len, labels))), -1, dtype=np.int64)
    for row, values in zip(padded, labels):
        row[:len(values)] = values
    return padded


@DATASETS.register_module()
class RegionShardDataset(BaseDataset):
    """Images with labelled regions out of region shards (``000000.tar`` and ``000000.regions.parquet``).

    A sample has ``img_path``, ``img_offset`` and ``img_bytes`` (where its JPEG lies), ``gt_bboxes`` (float32, (K, 4),
    xyxy in pixels of the stored image), ``gt_kinds`` (int64, (K,), 0 object, 1 OCR, 2 whole image) and
    ``gt_region_labels`` (int64, (K, P), padded with -1). Images without a region of the kinds asked for are left out
    and counted.

    Args:
        data_root (str): Folder of the shards.
        pipeline (Sequence[dict]): Transforms.
        kinds (Sequence[str]): Kinds to keep, out of 'object', 'ocr' and 'image'. Defaults to the first two.
        num_classes (dict, optional): Number of classes of each kind that the model has, to be checked before training.
            Defaults to None.
        **kwargs: See :class:`mmengine.dataset.BaseDataset`.

    Raises:
        UserError: The shards are missing or damaged, or a label does not fit ``num_classes``.
    """

    def __init__(self,
                 data_root: str,
                 pipeline: Sequence[dict] = (),
                 kinds: Sequence[str] = ('object', 'ocr'),
                 num_classes: Optional[Dict[str, int]] = None,
                 **kwargs) -> None:
        unknown = set(kinds) - set(KIND_INDEX)
        if unknown:
            raise UserError(f'RegionShardDataset: kinds has {sorted(unknown)}, expected some of {list(KIND_INDEX)}.')
        self.kinds = tuple(kinds)
        self.num_classes = num_classes or {}
        super().__init__(data_root=str(data_root), pipeline=list(pipeline), **kwargs)

    def load_data_list(self) -> List[dict]:
        """Read the tables and tar indices of all shards."""
        meta = read_meta(self.data_root)
        self._metainfo.update(num_classes=meta['num_classes'])
        tars = sorted(Path(self.data_root).glob('*.tar'))
        if len(tars) != meta['num_shards']:
            raise UserError(f'{self.data_root}: holds {len(tars)} shards, meta.json says {meta["num_shards"]}. '
                            'Build the shards again with tools/build_region_data.py.')
        infos, num_images = [], 0
        for tar in tars:
            index = index_tar(tar)
            num_images += len(index)
            infos.extend(self._shard_infos(tar, index))
        if not infos:
            raise UserError(f'{self.data_root}: none of its {num_images} images has a region of kind '
                            f'{" or ".join(self.kinds)}.')
        print_log(
            f'{self.data_root}: {len(infos)} images with {sum(len(info["gt_kinds"]) for info in infos)} regions; '
            f'{num_images - len(infos)} images without regions left out.',
            logger='current')
        return infos

    def _shard_infos(self, tar: Path, index: Dict[str, Tuple[int, int]]) -> List[dict]:
        parquet = regions_path(tar)
        infos = []
        for key, regions in read_regions(parquet).items():
            if key not in index:
                raise UserError(f'{parquet}: key {key!r} is not in {tar.name}. '
                                'Build the shards again with tools/build_region_data.py.')
            keep = [row for row, kind in enumerate(regions['kinds']) if kind in self.kinds]
            if not keep:
                continue
            labels = [regions['labels'][row] for row in keep]
            kinds = [regions['kinds'][row] for row in keep]
            self._check_labels(parquet, key, kinds, labels)
            offset, size = index[key]
            infos.append(
                dict(
                    img_path=str(tar),
                    img_offset=offset,
                    img_bytes=size,
                    key=key,
                    gt_bboxes=regions['boxes'][keep],
                    gt_kinds=np.array([KIND_INDEX[kind] for kind in kinds], dtype=np.int64),
                    gt_region_labels=_pad_labels(labels)))
        return infos

    def _check_labels(self, parquet: Path, key: str, kinds: List[str], labels: List[List[int]]) -> None:
        for kind, values in zip(kinds, labels):
            limit: Union[int, float] = self.num_classes.get(kind, float('inf'))
            if max(values) >= limit:
                raise UserError(f'{parquet}: key {key!r}: {kind} label {max(values)} does not fit the {limit} classes '
                                f'of the model. Set num_classes[{kind!r}] in the config to what meta.json says.')
