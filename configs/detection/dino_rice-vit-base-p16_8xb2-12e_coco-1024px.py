# DINO on a simple pyramid of a RICE ViT-B/16: all weights tuned with layer decay, 1024 px LSJ, 12 epochs.
# Expected: no number of RICE's is published for this. Not run by us.
# MMDetection's DINO but for backbone, neck (strides 8 to 64), augmentation, and layer decay instead of lr_mult.
_base_ = ['../_base_/models/dino_vit.py', '../_base_/backbones/rice_vit-base-p16_window14.py']
image_size = (1024, 1024)
model = dict(
    data_preprocessor=dict(mean={{_base_.mean}}, std={{_base_.std}}),
    backbone={{_base_.backbone}},
    neck=dict(in_channels={{_base_.width}}))
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='RandomResize', scale=image_size, ratio_range=(0.1, 2.0), keep_ratio=True),
    dict(type='RandomCrop', crop_type='absolute_range', crop_size=image_size, allow_negative_crop=True),
    dict(type='PackDetInputs')
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_evaluator = dict(type='mmrice.CocoMetric')
test_evaluator = val_evaluator
optim_wrapper = dict(
    constructor='mmrice.LayerDecayOptimWrapperConstructor',
    optimizer=dict(lr=1e-4, weight_decay=0.05),
    paramwise_cfg=dict(_delete_=True, layer_decay_rate=0.7, norm_decay_mult=0., bias_decay_mult=0.))
