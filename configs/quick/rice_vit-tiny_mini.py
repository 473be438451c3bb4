# RICE pretraining of ViT-Tiny/16 on the mini regions, 400 iterations of 8 images, 192 px.
# Measured in `make demo`, 2 CPU cores with AVX512-BF16: 100 s, object loss 7.3 to 3.6, about a fifth of the regions
# nearer to their own of 128 centres than to all others.
_base_ = [
    '../_base_/models/rice_vit-tiny.py', '../_base_/datasets/mini_regions.py', '../_base_/schedules/adamw_quick.py',
    '../_base_/default_runtime.py'
]
# At hundreds of classes and minutes of training the paper's scale 64 and margin 0.3 keep a small ViT from learning.
num_classes = _base_.num_classes
model = dict(
    head=dict(
        scale=30.,
        margin=0.,
        sample_ratio=1.,
        object=dict(num_classes=num_classes['object']),
        ocr=dict(num_classes=num_classes['ocr'])))
train_cfg = dict(_delete_=True, type='IterBasedTrainLoop', max_iters=400)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=40),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=40, end=400, eta_min=0.)
]
default_hooks = dict(checkpoint=dict(interval=100))
custom_hooks = [dict(type='mmrice.RegionVisualizationHook', interval=200)]
auto_scale_lr = dict(base_batch_size=8)
