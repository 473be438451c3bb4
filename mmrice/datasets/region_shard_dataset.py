"""RegionShardDataset: images and labelled regions from the shards that the data engine writes."""
from typing import Any, Dict, List, Optional, Sequence, Union

from mmengine.dataset import BaseDataset
from mmengine.dataset.base_dataset import force_full_init
from mmengine.logging import print_log

from mmrice.registry import DATASETS
from mmrice.structures import KINDS
from mmrice.utils import UserError

from .shard_samples import ShardSamples
from .shard_table import DamagedShard
from .skip_counter import SkipCounter
from .transforms.loading import let_next_decode


@DATASETS.register_module()
class RegionShardDataset(BaseDataset):
    """Images with labelled regions out of region shards (``000000.tar`` and ``000000.regions.parquet``).

    A sample has ``img_path``, ``img_offset`` and ``img_bytes`` (where its JPEG lies), ``gt_bboxes`` (float32, (K, 4),
    xyxy in pixels of the stored image), ``gt_kinds`` (int64, (K,), indices into :data:`mmrice.structures.KINDS`),
    ``gt_region_labels`` (int64, (K, P), padded with -1), with kinds that have words or tags ``gt_texts``, and with
    masks ``gt_rles`` (K strings).
    Images without a region of the kinds asked for are left out and counted.

    Memory does not grow with the images: meta.json says how many each shard has, and the tables of a few shards are
    kept at a time. Draw with :class:`mmrice.MixedSampler`, which stays within a few shards; a shuffle over all of them
    reads a table for nearly every sample. A folder without those numbers, from an older build, is read through once at
    the start.

    The start checks that all files are there, the first shard, and the numbers of classes. Later a sample that is
    missing, cut off or cannot be decoded, or whose regions all lie outside its image, is replaced by another one and
    counted; too many of them are an error.

    Args:
        data_root (str): Folder of the shards.
        pipeline (Sequence[dict]): Transforms.
        kinds (Sequence[str]): Kinds to keep, out of 'object', 'ocr', 'image', 'text', 'caption', 'tags' and
            'image_tags'. Defaults to ('object', 'ocr').
        num_classes (dict, optional): Number of classes of each kind that the model has, to be checked before training.
            Defaults to None.
        cache_shards (int): Tables of shards that each data worker keeps: twice ``shuffle_shards`` of the sampler or
            more. Defaults to 16.
        max_skipped (int): Damaged samples that a process and its data workers may skip. Defaults to 100.
        masks (bool): Read the masks of regions, for :class:`mmrice.PatchMasks`. Defaults to False.
        **kwargs: See :class:`mmengine.dataset.BaseDataset`.

    Raises:
        UserError: The shards are missing or damaged, or a label does not fit ``num_classes``.
    """

    def __init__(self,
                 data_root: str,
                 pipeline: Sequence[dict] = (),
                 kinds: Sequence[str] = ('object', 'ocr'),
                 num_classes: Optional[Dict[str, int]] = None,
                 cache_shards: int = 16,
                 max_skipped: int = 100,
                 masks: bool = False,
                 **kwargs) -> None:
        unknown = set(kinds) - set(KINDS)
        if unknown:
            raise UserError(f'RegionShardDataset: kinds has {sorted(unknown)}, expected some of {list(KINDS)}.')
        if cache_shards < 1:
            raise UserError(f'RegionShardDataset: cache_shards={cache_shards}, expected 1 or more.')
        self.kinds = tuple(kinds)
        self.num_classes = num_classes or {}
        self.cache_shards, self.masks = cache_shards, masks
        self.skipped = SkipCounter(max_skipped)
        kwargs['serialize_data'] = False  # there is nothing to serialise
        super().__init__(data_root=str(data_root), pipeline=list(pipeline), **kwargs)
        let_next_decode(self.pipeline.transforms)

    def load_data_list(self) -> ShardSamples:
        """Find the shards and how many samples each has."""
        samples = ShardSamples(self.data_root, self.kinds, self.num_classes, self.cache_shards, self.masks)
        meta = samples.meta
        self._metainfo.update(num_classes=meta['num_classes'])
        if not samples:
            raise UserError(f'{self.data_root}: none of its {meta["num_images"]} images has a region of kind '
                            f'{" or ".join(self.kinds)}.')
        print_log(
            f'{self.data_root}: {len(samples):,} images with a region of kind {" or ".join(self.kinds)} in '
            f'{len(samples.runs()):,} shards; {meta["num_images"] - len(samples):,} others left out.',
            logger='current')
        return samples

    @property
    @force_full_init
    def shard_sizes(self) -> List[int]:
        """Lengths of the runs of samples that lie in one shard, in the order of the samples; for MixedSampler."""
        return self.data_list.runs()

    @force_full_init
    def get_data_info(self, idx: int) -> dict:
        """See the class.

        Args:
            idx: Index of a sample.

        Raises:
            UserError: Its shard cannot be read or does not fit meta.json or the model.
        """
        info = self.data_list[idx]
        info['sample_idx'] = idx if idx >= 0 else len(self) + idx
        return info

    def prepare_data(self, idx: int) -> Any:
        """A sample after the pipeline, or None where it is damaged.

        Args:
            idx: Index of a sample.

        Raises:
            UserError: Too many samples were damaged.
        """
        try:
            info = self.get_data_info(idx)
        except DamagedShard as error:
            self.skipped.skip(str(error))
            return None
        place = f'{info["img_path"]}: {info["key"]}.jpg'
        data = self.pipeline(info)
        if data is None:
            self.skipped.skip(f'{place} {info.get("skip_reason", "is dropped by the pipeline")}')
        return data

    def _get_unserialized_subset(self, indices: Union[Sequence[int], int]) -> ShardSamples:
        if isinstance(indices, int):
            return self.data_list[:indices] if indices >= 0 else self.data_list[indices:]
        return self.data_list.take(indices)
