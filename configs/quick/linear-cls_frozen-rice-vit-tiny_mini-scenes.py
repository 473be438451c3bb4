# Linear probe of the objects of the mini scenes (synthetic compositions), cut out by their boxes, 10 classes, on a
# frozen RICE-pretrained ViT-Tiny/16; 150 iterations of 32 objects.
# Measured with tools/train.py on one CPU core, one run each: top-1 25.8 from RICE weights, 29.2 from random ones; 20 s.
_base_ = [
    '../_base_/models/linear-cls_vit.py', '../_base_/backbones/rice_vit-tiny.py', '../_base_/datasets/mini_objects.py',
    '../_base_/schedules/adamw_quick.py', 'mmpretrain::_base_/default_runtime.py'
]
data_preprocessor = dict(mean={{_base_.mean}}, std={{_base_.std}}, to_rgb=True)
model = dict(
    backbone=dict(backbone={{_base_.backbone}}),
    neck=dict(input_features={{_base_.width}}),
    head=dict(in_channels={{_base_.width}}, num_classes=10))
train_dataloader = dict(
    batch_size=32,
    num_workers=1,
    persistent_workers=True,
    dataset=dict(**_base_.train_objects, pipeline=_base_.train_pipeline),
    sampler=dict(type='InfiniteSampler', shuffle=True))
val_dataloader = _base_.test_dataloader
val_evaluator = _base_.test_evaluator
val_cfg = dict(type='ValLoop')
train_cfg = dict(max_iters=150, val_interval=150)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=10),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=10, end=150, eta_min=0.)
]
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=150), logger=dict(interval=10))
auto_scale_lr = dict(base_batch_size=32)
randomness = dict(seed=0)
