# Linear segmentation of composed scenes, 17 classes, on a frozen encoder; tested on new scenes of the same cut-outs
# (seen) and of others (unseen).
_base_ = ['_base_/probe.py', '../../../configs/_base_/datasets/mini_scenes_semantic.py',
          'mmseg::_base_/default_runtime.py']
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=_base_.length.iters, max_keep_ckpts=1),
    sampler_seed=dict(type='DistSamplerSeedHook'))
log_processor = dict(window_size=10)
model = dict(
    type='mmseg.EncoderDecoder',
    data_preprocessor=dict(
        type='mmseg.SegDataPreProcessor', mean={{_base_.mean}}, std={{_base_.std}}, bgr_to_rgb=True, seg_pad_val=255,
        size=(_base_.side, _base_.side), test_cfg=dict(size_divisor=_base_.patch)),
    backbone=dict(type='mmrice.FrozenBackbone', backbone={{_base_.dense}}),
    decode_head=dict(
        type='mmrice.LinearHead', in_channels={{_base_.width}}, num_classes=17, align_corners=False,
        norm_cfg=dict(type='BN', requires_grad=True),
        loss_decode=dict(type='mmseg.CrossEntropyLoss', avg_non_ignore=True)),
    test_cfg=dict(mode='whole'))
load, labels = dict(type='LoadImageFromFile'), dict(type='mmseg.LoadAnnotations')
resize, pack = dict(type='mmseg.Resize', scale=(_base_.side, _base_.side)), dict(type='mmseg.PackSegInputs')
flip = dict(type='RandomFlip', prob=0.5)
data = dict(
    type='mmseg.BaseSegDataset', metainfo=_base_.metainfo, data_root=_base_.root, img_suffix='.jpg',
    seg_map_suffix='.png')
train, val = dict(img_path='probes/scenes/train', seg_map_path='probes/scenes/seg/train'), dict(
    img_path='probes/scenes/val', seg_map_path='probes/scenes/seg/val')
tests = dict(pipeline=[load, resize, labels, pack])
train_dataloader = dict(
    _delete_=True,
    batch_size=_base_.length.batch,
    num_workers={{_base_.num_workers}},
    persistent_workers=_base_.num_workers > 0,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(**data, data_prefix=train, ann_file='splits/bank.txt', pipeline=[load, labels, resize, flip, pack]))
test_dataloader = dict(
    batch_size=16,
    num_workers={{_base_.num_workers}},
    dataset=dict(_delete_=True, type='mmdet.ConcatDataset', datasets=[
        dict(**data, data_prefix=train, ann_file='splits/seen.txt', **tests),
        dict(**data, data_prefix=val, ann_file='splits/unseen.txt', **tests)]))
val_dataloader, val_cfg, val_evaluator = None, None, None
measure = dict(type='mmseg.IoUMetric', iou_metrics=['mIoU'])
test_evaluator = dict(
    _delete_=True, type='mmdet.MultiDatasetsEvaluator', metrics=[measure, measure], dataset_prefixes=['seen', 'unseen'])
