# What the trained probes share: a short schedule, no validation.
_base_ = ['encoder.py', 'schedule.py']
length = _base_.probe
train_cfg = dict(max_iters=length.iters, val_interval=length.iters)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=max(2, length.iters // 20)),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=max(2, length.iters // 20), end=length.iters, eta_min=0.)
]
auto_scale_lr = dict(base_batch_size=length.batch)
