# CLOC pretraining of ViT-Tiny/16 on 560 composed scenes (synthetic compositions of real pixels), 500 iterations of 16
# images, 192 px. The last 80 scenes of the same cut-outs are kept for measuring.
_base_ = ['../../../configs/quick/cloc_vit-tiny_mini-texts.py']
max_iters = 500
train_dataloader = dict(dataset=dict(data_root='data/cloc_table/texts', indices=560))
train_cfg = dict(max_iters=max_iters)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=50, end=max_iters, eta_min=0.)
]
default_hooks = dict(checkpoint=dict(interval=max_iters))
