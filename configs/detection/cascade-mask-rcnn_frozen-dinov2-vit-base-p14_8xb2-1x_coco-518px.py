# The RICE paper's detection probe on COCO with a frozen DINOv2 ViT-B/14, 518 px; for other encoders with patches of
# 14 px change one line.
# Expected (RICE paper, Table 3, Detectron2): box AP 31.6, mask AP 24.3. Not run by us.
# The paper states no schedule, batch, learning rate or augmentation: those of the config of RICE.
_base_ = [
    '../_base_/models/cascade-mask-rcnn_vit-p14.py',
    '../_base_/backbones/dinov2_vit-base-p14.py',
    '../_base_/datasets/coco_instance_518px.py',
    '../_base_/schedules/adamw_1x.py',
    'mmdet::_base_/default_runtime.py'
]
model = dict(
    data_preprocessor=dict(mean={{_base_.mean}}, std={{_base_.std}}),
    backbone=dict(_delete_=True, type='mmrice.FrozenBackbone', backbone={{_base_.backbone}}),
    neck=dict(_delete_=True, type='mmrice.PoolFeaturePyramid', in_channels={{_base_.width}}))
