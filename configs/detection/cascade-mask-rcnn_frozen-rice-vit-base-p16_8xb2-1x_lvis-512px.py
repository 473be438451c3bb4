# The RICE paper's detection probe on LVIS v1: Cascade Mask R-CNN on a frozen ViT-B/16.
# Expected (paper, Table 3, Detectron2): box AP 26.5, mask AP 21.4. Not run by us.
# As on COCO; besides, repeat-factor sampling, 300 detections and a threshold of 1e-4, as MMDetection's LVIS configs.
_base_ = [
    '../_base_/models/cascade-mask-rcnn_vit_lvis.py',
    '../_base_/backbones/rice_vit-base-p16.py',
    '../_base_/datasets/lvis_instance_512px.py',
    '../_base_/schedules/adamw_1x.py',
    'mmdet::_base_/default_runtime.py'
]
model = dict(
    data_preprocessor=dict(mean={{_base_.mean}}, std={{_base_.std}}),
    backbone=dict(_delete_=True, type='mmrice.FrozenBackbone', backbone={{_base_.backbone}}),
    neck=dict(_delete_=True, type='mmrice.PoolFeaturePyramid', in_channels={{_base_.width}}))
