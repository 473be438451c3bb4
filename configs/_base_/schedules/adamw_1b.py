# One billion samples at a higher resolution after the 13 billion: a tenth of the rate, as the paper states.
# Not stated, and chosen: a warm-up (the moments of the optimizer start anew) and a cosine to zero again.
_base_ = ['adamw_13b.py']
max_iters = 30_518
train_cfg = dict(max_iters=max_iters)
optim_wrapper = dict(optimizer=dict(lr=1e-4))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=2000),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=2000, end=max_iters, eta_min=0.)
]
