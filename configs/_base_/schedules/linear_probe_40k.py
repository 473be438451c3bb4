# DINOv3's linear probe: 40,000 iterations of 16 images, AdamW, 1,500 of warm-up, then a cosine to zero.
_base_ = 'mmseg::_base_/schedules/schedule_40k.py'
train_cfg = dict(val_interval=40_000)
optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, betas=(0.9, 0.999), weight_decay=1e-3),
    clip_grad=dict(max_norm=35.))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=1500),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=1500, end=40_000, eta_min=0.)
]
auto_scale_lr = dict(base_batch_size=16)
