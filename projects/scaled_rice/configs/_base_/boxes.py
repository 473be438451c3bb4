# Given boxes as regions: steps and loaders of the kNN probe of regions.
_base_ = ['encoder.py', 'mmdet::_base_/default_runtime.py']
steps = [
    dict(type='LoadImageFromFile'),
    dict(type='mmrice.Letterbox', scale=(_base_.side, _base_.side)),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'pad_offset'))
]
loader = dict(
    batch_size=32, num_workers=_base_.num_workers, sampler=dict(type='DefaultSampler', shuffle=False))
data = dict(type='mmrice.CocoBoxes', data_root=_base_.root, test_mode=True, pipeline=steps)
model = dict(
    type='mmrice.RegionKNN',
    data_preprocessor=dict(
        type='DetDataPreprocessor', mean={{_base_.mean}}, std={{_base_.std}}, bgr_to_rgb=True,
        pad_size_divisor={{_base_.patch}}),
    backbone={{_base_.dense}})
measure = dict(type='mmrice.NeighbourPurity')
custom_hooks = [dict(type='mmrice.EncoderCheckpointHook')]
test_cfg = dict(type='TestLoop')
