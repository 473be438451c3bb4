# 80,000 iterations, AdamW at 2e-4 with a weight decay of 1e-4, then a cosine to zero, as CAT-Seg has; 1,500 iterations
# of warm-up are a choice of this project.
_base_ = 'mmseg::_base_/schedules/schedule_80k.py'
optim_wrapper = dict(
    _delete_=True,
    type='mmrice.AmpOptimWrapper',
    dtype='bfloat16',
    loss_scale=1.,
    optimizer=dict(type='AdamW', lr=2e-4, betas=(0.9, 0.999), weight_decay=1e-4),
    clip_grad=dict(max_norm=1.),
    paramwise_cfg=dict(norm_decay_mult=0.))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=1500),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=1500, end=80_000, eta_min=0.)
]
auto_scale_lr = dict(base_batch_size=16)
