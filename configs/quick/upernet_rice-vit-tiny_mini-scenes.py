# UPerNet on a RICE-pretrained ViT-Tiny/16, mini-scenes (synthetic compositions), 70 iterations of 8 images.
# Measured in `make demo`, 2 CPU cores with AVX512-BF16, one run each: mIoU 9.2 from RICE weights, 9.4 from random
# ones; 55 s.
_base_ = [
    '../_base_/models/upernet_rice-vit-tiny.py', '../_base_/datasets/mini_scenes_semantic.py',
    '../_base_/schedules/adamw_quick.py', 'mmseg::_base_/default_runtime.py'
]
model = dict(decode_head=dict(num_classes=17))
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=10, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=35, max_keep_ckpts=1),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='mmseg.SegVisualizationHook'))
log_processor = dict(window_size=10)
auto_scale_lr = dict(base_batch_size=8)
randomness = dict(seed=0)
