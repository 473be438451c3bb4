# The RICE paper's detection probe on COCO: Cascade Mask R-CNN on a frozen ViT-B/16, pyramid by pooling and unpooling.
# Expected (paper, Table 3, Detectron2): box AP 38.9, mask AP 31.5. Not run by us.
# The paper states no schedule, batch, learning rate or augmentation: 12 epochs of 16 images, AdamW, flips are ours.
_base_ = [
    '../_base_/models/cascade-mask-rcnn_vit.py',
    '../_base_/backbones/rice_vit-base-p16.py',
    '../_base_/datasets/coco_instance_512px.py',
    '../_base_/schedules/adamw_1x.py',
    'mmdet::_base_/default_runtime.py'
]
model = dict(
    data_preprocessor=dict(mean={{_base_.mean}}, std={{_base_.std}}),
    backbone=dict(_delete_=True, type='mmrice.FrozenBackbone', backbone={{_base_.backbone}}),
    neck=dict(_delete_=True, type='mmrice.PoolFeaturePyramid', in_channels={{_base_.width}}))
