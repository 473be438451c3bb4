# Linear segmentation of composed scenes, the encoder trained along. 560 scenes to train on, 80 new compositions to
# measure.
_base_ = [
    '_base_/encoder.py', '../../../configs/_base_/datasets/mini_scenes_semantic.py',
    '../../../configs/_base_/schedules/adamw_quick.py', 'mmseg::_base_/default_runtime.py'
]
max_iters = 200
model = dict(
    type='mmseg.EncoderDecoder',
    data_preprocessor=dict(
        type='mmseg.SegDataPreProcessor', mean={{_base_.umg.mean}}, std={{_base_.umg.std}}, bgr_to_rgb=True,
        seg_pad_val=255, size=(128, 128), test_cfg=dict(size_divisor=8)),
    backbone={{_base_.umg.dense}},
    decode_head=dict(
        type='mmrice.LinearHead',
        in_channels=128,
        num_classes=17,
        norm_cfg=dict(type='BN', requires_grad=True),
        align_corners=False,
        loss_decode=dict(type='mmseg.CrossEntropyLoss', avg_non_ignore=True)),
    test_cfg=dict(mode='whole'))
load, labels = dict(type='LoadImageFromFile'), dict(type='mmseg.LoadAnnotations')
pack, resize = dict(type='mmseg.PackSegInputs'), dict(type='mmseg.Resize', scale=(128, 128))
flip = dict(type='RandomFlip', prob=0.5)
train_dataloader = dict(
    batch_size=16,
    dataset=dict(data_root={{_base_.umg.scenes}}, indices=560, pipeline=[load, labels, resize, flip, pack]))
val_dataloader = dict(
    batch_size=8,
    dataset=dict(
        data_root={{_base_.umg.scenes}}, indices=-80, data_prefix=dict(img_path='train', seg_map_path='seg/train'),
        pipeline=[load, resize, labels, pack]))
test_dataloader = val_dataloader
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
optim_wrapper = dict(optimizer=dict(lr=2e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=10),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=10, end=max_iters, eta_min=0.)
]
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=max_iters, max_keep_ckpts=1),
    sampler_seed=dict(type='DistSamplerSeedHook'))
log_processor = dict(window_size=10)
auto_scale_lr = dict(base_batch_size=16)
