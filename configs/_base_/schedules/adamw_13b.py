# 13 billion samples in batches of 32,768: AdamW, rate 1e-3, decay 0.2, as the paper states.
# Not stated, and chosen: 2,000 steps of warm-up (MLCD's), then a cosine to zero; betas 0.9 and 0.98, no decay of norms,
# biases and the class token (CLIP's); gradients clipped to a norm of 5 (the authors' successor code); bfloat16
# autocast; one rate for backbone and centres.
max_iters = 396_729
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters)
optim_wrapper = dict(
    type='mmrice.AmpOptimWrapper',
    dtype='bfloat16',
    loss_scale=1.,
    optimizer=dict(type='mmrice.SparseAdamW', lr=1e-3, betas=(0.9, 0.98), weight_decay=0.2),
    clip_grad=dict(max_norm=5.),
    paramwise_cfg=dict(
        norm_decay_mult=0.,
        bias_decay_mult=0.,
        custom_keys={'cls_token': dict(decay_mult=0.), 'cls_angles': dict(decay_mult=0.)}))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=2000),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=2000, end=max_iters, eta_min=0.)
]
auto_scale_lr = dict(base_batch_size=32_768)
