# UMG-CLIP pretraining of ViT-Tiny/16 on captions, phrases, tags and masks of the mini-scenes (synthetic compositions),
# 400 iterations of 16 images, 192 px.
_base_ = [
    '../_base_/models/umg-clip_vit-tiny.py', '../_base_/datasets/mini_umg.py', '../_base_/schedules/adamw_quick.py',
    '../_base_/default_runtime.py'
]
model = dict(tags=dict(names=f'{_base_.data_root}/tag_vocab.json'))
train_cfg = dict(_delete_=True, type='IterBasedTrainLoop', max_iters=400)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=40),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=40, end=400, eta_min=0.)
]
default_hooks = dict(checkpoint=dict(interval=100))
auto_scale_lr = dict(base_batch_size=16)
