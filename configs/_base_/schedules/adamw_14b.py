# CLOC's schedule (its Table A): 439,087 steps of 32,768 images, AdamW with betas 0.9 and 0.98, rate 5e-4, decay 0.2,
# 2,000 steps of warm-up, then a cosine. Not stated, and chosen: the cosine ends at zero; no decay of norms, biases,
# the class token and the temperatures (CLIP's); bfloat16 autocast.
max_iters = 439_087
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters)
optim_wrapper = dict(
    type='mmrice.AmpOptimWrapper',
    dtype='bfloat16',
    loss_scale=1.,
    optimizer=dict(type='AdamW', lr=5e-4, betas=(0.9, 0.98), weight_decay=0.2),
    paramwise_cfg=dict(
        norm_decay_mult=0.,
        bias_decay_mult=0.,
        custom_keys={
            'cls_token': dict(decay_mult=0.),
            'cls_angles': dict(decay_mult=0.),
            'log_scale': dict(decay_mult=0.)
        }))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=2000),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=2000, end=max_iters, eta_min=0.)
]
auto_scale_lr = dict(base_batch_size=32_768)
