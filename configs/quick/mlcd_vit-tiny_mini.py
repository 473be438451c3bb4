# MLCD pretraining of ViT-Tiny/16 on the mini images, 400 iterations of 8 images, 192 px; an image's labels are the
# nearest 4 of 64 clusters.
# Measured with tools/train.py, one seed, on 2 CPU cores that were also doing other work: 2.5 minutes, image loss 7.1 to
# 4.1, two thirds of the images nearer to one of their own 4 centres than to all others.
_base_ = [
    '../_base_/models/mlcd_vit-tiny.py', '../_base_/datasets/mini_images.py', '../_base_/schedules/adamw_quick.py',
    '../_base_/default_runtime.py'
]
# At this size the paper's scale 64 and margin 0.3 keep a small ViT from learning, as in rice_vit-tiny_mini.py.
model = dict(
    head=dict(scale=30., margin=0., sample_ratio=1., image=dict(num_classes=_base_.num_classes['image'])))
train_cfg = dict(_delete_=True, type='IterBasedTrainLoop', max_iters=400)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=40),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=40, end=400, eta_min=0.)
]
default_hooks = dict(checkpoint=dict(interval=100))
auto_scale_lr = dict(base_batch_size=8)
