"""The input that FLOPs are counted on: the size that a config says, and a blank batch of it for any host."""
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.structures import InstanceData
from torch import nn

from mmrice.structures import KINDS, RegionDataSample
from mmrice.utils import UserError

Size = Tuple[int, int]
_SIZED = {  # transforms after which an image has a size, and the argument that holds it: one side, or (width, height)
    'Resize': 'scale',
    'ResizeEdge': 'scale',
    'RandomResizedCrop': 'scale',
    'RandomResizedRegionCrop': 'scale',
    'RegionLetterbox': 'scale',
    'RegionResize': 'scale',
    'CenterCrop': 'crop_size',
    'EfficientNetCenterCrop': 'crop_size',
    'Pad': 'size',
}


class Batch(NamedTuple):
    """``data`` is what a data loader would give, ``mode`` the forward pass it is meant for, ``note`` says so."""
    data: dict
    mode: str
    note: str


def input_shape(cfg: Config) -> Size:
    """Height and width in pixels that a config tests with, or trains with where it has no test pipeline.

    For segmentors the crop that slides or that they are trained on, else what the last resizing, cropping or padding
    transform makes. A size that bounds both sides of an image (``keep_ratio``) is taken as the size of the image.

    Raises:
        UserError: The config names no size.
    """
    model = cfg.model
    for place, key in ((model.get('test_cfg'), 'crop_size'), (model.get('data_preprocessor'), 'size'),
                       (cfg.get('data_preprocessor'), 'size')):
        if cfg.get('default_scope') == 'mmseg' and (place or {}).get(key):
            return _height_width(place[key], reverse=False)
    size = None
    for step in find_pipeline(cfg, 'test') or find_pipeline(cfg, 'train'):
        kind = step['type'].rpartition('.')[2]
        if kind == 'Pad' and step.get('pad_to_square') and size:
            size = (max(size), max(size))
        if step.get(_SIZED.get(kind)):
            size = _height_width(step[_SIZED[kind]], reverse=True)
    if size is None:
        raise UserError(f'{cfg.filename}: names no image size (in the pipeline of test_dataloader, '
                        'model.data_preprocessor or model.test_cfg). Give it with --shape HEIGHT WIDTH.')
    return size


def _height_width(size: Any, reverse: bool) -> Size:
    if isinstance(size, (list, tuple)):
        return (int(size[1]), int(size[0])) if reverse else (int(size[0]), int(size[1]))
    return int(size), int(size)


def find_pipeline(cfg: Config, split: str) -> List[dict]:
    """The transforms of 'train' or 'test' data, empty where there are none."""
    dataset = (cfg.get(f'{split}_dataloader') or {}).get('dataset') or {}
    while 'pipeline' not in dataset and (dataset.get('dataset') or dataset.get('datasets')):
        dataset = dataset.get('dataset') or dataset['datasets'][0]
    return list(dataset.get('pipeline') or cfg.get(f'{split}_pipeline') or [])


def blank_batch(model: nn.Module, cfg: Config, shape: Size, batch_size: int) -> Batch:
    """Black images, before the host's preprocessing, with the annotations that the forward pass asks for.

    Args:
        model: Of any host.
        cfg: Its config.
        shape: Height and width in pixels.
        batch_size: Images.

    Returns:
        Batch: For ``mode='tensor'``; for RICE, CLOC and UMG-CLIP regions and ``mode='loss'``.
    """
    mean = getattr(model.data_preprocessor, 'mean', None)
    image = torch.zeros(3 if mean is None else len(mean), *shape, dtype=torch.uint8)
    meta = dict(img_shape=shape, ori_shape=shape, pad_shape=shape, batch_input_shape=shape, scale_factor=(1., 1.),
                img_id=0, img_path='')
    images = [image] * batch_size
    if any(kind.__name__ == 'SelfSupDataPreprocessor' for kind in type(model.data_preprocessor).__mro__):
        images = [torch.stack(images)]  # a list of views
    if hasattr(model, 'gather_regions'):
        regions, note = _regions(model, cfg, shape)
        samples = [RegionDataSample(metainfo=meta, gt_regions=regions) for _ in range(batch_size)]
        return Batch(dict(inputs=images, data_samples=samples), 'loss', note)
    if hasattr(model, 'extract_regions'):  # CLOC, UMG-CLIP
        samples, note = _worded(model, cfg, shape, meta, batch_size)
        return Batch(dict(inputs=images, data_samples=samples), 'loss', note)
    sample = _sample_type(cfg.get('default_scope'))
    note = "mode='tensor' in evaluation"
    if hasattr(model, 'text_encoder'):
        meta['text'] = ['a thing at the left']
        note += ', one expression of five words an image'
    samples = [sample(metainfo=meta) for _ in range(batch_size)]
    if cfg.get('default_scope') == 'mmdet':  # some heads unpack annotations that they do not use
        for each in samples:
            each.gt_instances = InstanceData(bboxes=torch.zeros(0, 4), labels=torch.zeros(0, dtype=torch.int64))
    return Batch(dict(inputs=images, data_samples=samples), 'tensor', note)


def _sample_type(scope: Optional[str]) -> type:
    if scope == 'mmdet':
        from mmdet.structures import DetDataSample
        return DetDataSample
    if scope == 'mmseg':
        from mmseg.structures import SegDataSample
        return SegDataSample
    if scope == 'mmpretrain':
        from mmpretrain.structures import DataSample
        return DataSample
    raise UserError(f"default_scope={scope!r} of the config is none of 'mmdet', 'mmseg', 'mmpretrain'.")


def _regions(model: nn.Module, cfg: Config, shape: Size) -> Tuple[InstanceData, str]:
    """As many regions as training draws, the kinds of the head in turn, a quarter of the image with one label each."""
    steps = [step for step in find_pipeline(cfg, 'train') if step['type'].rpartition('.')[2] == 'SampleRegions']
    number = steps[-1].get('num_regions', 10) if steps else 10
    known = list(getattr(model.head, 'centers', KINDS[:1]))
    kinds = [known[index % len(known)] for index in range(number)]
    regions = InstanceData(
        bboxes=torch.tensor([0., 0., shape[1] / 2, shape[0] / 2]).expand(number, 4),
        kinds=torch.tensor([KINDS.index(kind) for kind in kinds]),
        labels=torch.zeros(number, 1, dtype=torch.int64))
    parts = ' and '.join(f'{kinds.count(kind)} {kind}' for kind in known)
    return regions, f"mode='loss' without its backward pass; {parts} regions an image with one label each"


def _worded(model: nn.Module, cfg: Config, shape: Size, meta: Dict[str, Any],
            batch_size: int) -> Tuple[List[RegionDataSample], str]:
    """A caption and as many regions with words as training draws, all texts of the length that training allows; as many
    with tags, and those with clusters, where the model has heads for them. Masks cover all."""
    steps = {step['type'].rpartition('.')[2]: step for step in find_pipeline(cfg, 'train')}
    drawn = steps.get('SampleRegionTexts', {})
    number, length = drawn.get('num_regions', 4), steps.get('TokenizeTexts', {}).get('num_tokens', 77)
    kinds = ['text'] * number
    if getattr(model, 'tag_head', None) is not None:
        kinds += ['tags'] * number + ['image_tags']
    known = list(getattr(getattr(model, 'cluster_head', None), 'centers', ()))
    kinds += [known[index % len(known)] for index in range((drawn.get('num_labelled') or 10) if known else 0)]
    every, patch = len(kinds), model.backbone.patch_size
    regions = InstanceData(
        bboxes=torch.tensor([0., 0., shape[1] / 2, shape[0] / 2]).expand(every, 4),
        kinds=torch.tensor([KINDS.index(kind) for kind in kinds]),
        labels=torch.zeros(every, int(every > number), dtype=torch.int64))
    end = getattr(model.text_encoder, 'end_id', 1)
    words = dict(text_tokens=np.full((number, length), end, np.int32), caption_tokens=np.full(length, end, np.int32),
                 patch_masks=np.full((every, shape[0] // patch, shape[1] // patch), 255, np.uint8))
    samples = [RegionDataSample(metainfo={**meta, **words}, gt_regions=regions) for _ in range(batch_size)]
    more = f', {number} with tags' if 'tags' in kinds else ''
    more += f', {sum(kind in known for kind in kinds)} with clusters' if known else ''
    note = f"mode='loss' without its backward pass; a caption and {number} regions an image, {length} tokens each"
    return samples, note + more
