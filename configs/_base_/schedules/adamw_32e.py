# 32 epochs of LAION-400M (389,737,314 images) in batches of 32,800: AdamW, rate 1e-3, decay 0.2, 2,000 steps of
# warm-up, as MLCD's text states (its table 9: 5e-4 for ViT-B, 4e-4 for ViT-L).
# Not stated, and chosen as for RICE: cosine to zero, betas, clipping, bfloat16, no decay of norms and biases.
_base_ = ['adamw_13b.py']
max_iters = 380_232
train_cfg = dict(max_iters=max_iters)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=2000),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=2000, end=max_iters, eta_min=0.)
]
auto_scale_lr = dict(base_batch_size=32_800)
