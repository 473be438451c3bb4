# AdamW, a twentieth of warm-up, then a cosine to zero. run.py sets the length (`--budget`).
_base_ = ['../../../../configs/_base_/schedules/adamw_quick.py']
max_iters = 300
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
optim_wrapper = dict(optimizer=dict(lr=2e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=max_iters // 20),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=max_iters // 20, end=max_iters, eta_min=0.)
]
