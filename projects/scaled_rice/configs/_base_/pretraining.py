# What all pretrainings share: as many images, the same optimizer, schedule and runtime.
_base_ = ['encoder.py', 'schedule.py', '../../../../configs/_base_/default_runtime.py']
length = _base_.pretraining
default_hooks = dict(checkpoint=dict(interval=length.iters), logger=dict(interval=50))
model = dict(
    data_preprocessor=dict(
        mean={{_base_.mean}}, std={{_base_.std}}, bgr_to_rgb=True, pad_size_divisor={{_base_.patch}}))
train_cfg = dict(max_iters=length.iters, val_interval=length.iters)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=max(2, length.iters // 20)),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=max(2, length.iters // 20), end=length.iters, eta_min=0.)
]
loader = dict(
    batch_size=length.batch,
    num_workers={{_base_.num_workers}},
    persistent_workers=_base_.num_workers > 0,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    collate_fn=dict(type='mmrice.region_collate'))
auto_scale_lr = dict(base_batch_size=length.batch)
