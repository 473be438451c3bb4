# Cascade Mask R-CNN on a plain ViT and ViTDet's simple pyramid; the heads of MMDetection's base. A config fills in
# `backbone`, the neck's `in_channels`, and mean and standard deviation from a file of _base_/backbones.
_base_ = 'mmdet::_base_/models/cascade-mask-rcnn_r50_fpn.py'
model = dict(
    data_preprocessor=dict(pad_size_divisor=64),
    backbone=dict(_delete_=True, type='mmrice.RICEViT'),
    neck=dict(_delete_=True, type='mmrice.SimpleFeaturePyramid', in_channels=768))
