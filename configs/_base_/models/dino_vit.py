# DINO (MMDetection's, 12 epochs) on four levels of a plain ViT's simple pyramid, strides 8 to 64. A config fills in
# `backbone`, the neck's `in_channels`, and mean and standard deviation from a file of _base_/backbones.
_base_ = 'mmdet::dino/dino-4scale_r50_8xb2-12e_coco.py'
model = dict(
    data_preprocessor=dict(pad_size_divisor=64),
    backbone=dict(_delete_=True, type='mmrice.RICEViT'),
    neck=dict(
        _delete_=True, type='mmrice.SimpleFeaturePyramid', in_channels=768, scales=[2, 1, 0.5, 0.25],
        num_extra_levels=0))
