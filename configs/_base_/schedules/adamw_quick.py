# AdamW for the quick configs: linear warm-up, then cosine to zero; by iterations, validation at the end only.
# bfloat16 where the CPU (or GPU) has it, else float32.
max_iters = 70
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters)
optim_wrapper = dict(
    type='mmrice.AmpOptimWrapper',
    only_if_fast=True,
    dtype='bfloat16',
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.05),
    clip_grad=dict(max_norm=1.0),
    paramwise_cfg=dict(
        norm_decay_mult=0.,
        bias_decay_mult=0.,
        custom_keys={'cls_token': dict(decay_mult=0.), 'cls_angles': dict(decay_mult=0.)}))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=10),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=10, end=max_iters, eta_min=0.)
]
