# The RICE paper's detection probe on COCO with a frozen CLIP ViT-B/16: one line differs from the config of RICE, where
# the protocol is described.
# Expected: the paper has no row for CLIP. Not run by us.
_base_ = [
    '../_base_/models/cascade-mask-rcnn_vit.py',
    '../_base_/backbones/clip_vit-base-p16.py',
    '../_base_/datasets/coco_instance_512px.py',
    '../_base_/schedules/adamw_1x.py',
    'mmdet::_base_/default_runtime.py'
]
model = dict(
    data_preprocessor=dict(mean={{_base_.mean}}, std={{_base_.std}}),
    backbone=dict(_delete_=True, type='mmrice.FrozenBackbone', backbone={{_base_.backbone}}),
    neck=dict(_delete_=True, type='mmrice.PoolFeaturePyramid', in_channels={{_base_.width}}))
