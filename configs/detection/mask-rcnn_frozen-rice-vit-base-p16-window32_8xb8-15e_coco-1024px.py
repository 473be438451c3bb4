# Perception Encoder's cheap probe (appendix B.3.3): Mask R-CNN on a frozen ViT-B/16 in windows of 32 patches, 1024 px.
# Expected: the paper shows scores as plots only. Not run by us.
# Stated: windows, no global layer, 15 epochs, steps of the learning rate. Chosen: 64 images, AdamW, steps at 10 and 13.
_base_ = [
    '../_base_/models/mask-rcnn_vit.py',
    '../_base_/backbones/rice_vit-base-p16_window32.py',
    '../_base_/datasets/coco_lsj_1024px.py',
    '../_base_/schedules/adamw_1x.py',
    'mmdet::_base_/default_runtime.py'
]
model = dict(
    data_preprocessor=dict(mean={{_base_.mean}}, std={{_base_.std}}),
    backbone=dict(_delete_=True, type='mmrice.FrozenBackbone', backbone={{_base_.backbone}}),
    neck=dict(in_channels={{_base_.width}}))
train_cfg = dict(max_epochs=15)
train_dataloader = dict(batch_size=8, sampler=dict(_delete_=True, type='DefaultSampler', shuffle=True))
optim_wrapper = dict(optimizer=dict(lr=2e-4))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(type='MultiStepLR', begin=0, end=15, by_epoch=True, milestones=[10, 13], gamma=0.1)
]
auto_scale_lr = dict(base_batch_size=64)
