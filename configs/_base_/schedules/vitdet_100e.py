# ViTDet's schedule: 100 epochs of COCO at 64 images an iteration (184,375), AdamW, steps at 8/9 and 26/27 of it, a
# learning rate that falls with depth. Layer decay 0.7 is for 'base', 0.8 for 'large'.
train_cfg = dict(type='IterBasedTrainLoop', max_iters=184_375, val_interval=5_000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='mmrice.AmpOptimWrapper',
    dtype='bfloat16',
    constructor='mmrice.LayerDecayOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=1e-4, betas=(0.9, 0.999), weight_decay=0.1),
    paramwise_cfg=dict(layer_decay_rate=0.7, norm_decay_mult=0., bias_decay_mult=0.))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=250),
    dict(type='MultiStepLR', by_epoch=False, begin=0, end=184_375, milestones=[163_889, 177_546], gamma=0.1)
]
auto_scale_lr = dict(base_batch_size=64)
