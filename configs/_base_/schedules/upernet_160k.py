# MAE's fine-tuning of UPerNet in MMSegmentation: 160,000 iterations of 16 images, AdamW, 1,500 of warm-up, then
# linearly to zero, a learning rate that falls with depth. Layer decay 0.65 is for 'base'.
_base_ = 'mmseg::_base_/schedules/schedule_160k.py'
optim_wrapper = dict(
    _delete_=True,
    type='mmrice.AmpOptimWrapper',
    dtype='bfloat16',
    loss_scale=1.,
    constructor='mmrice.LayerDecayOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=1e-4, betas=(0.9, 0.999), weight_decay=0.05),
    paramwise_cfg=dict(layer_decay_rate=0.65, norm_decay_mult=0., bias_decay_mult=0.))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6, by_epoch=False, begin=0, end=1500),
    dict(type='PolyLR', power=1.0, by_epoch=False, begin=1500, end=160_000, eta_min=0.)
]
auto_scale_lr = dict(base_batch_size=16)
