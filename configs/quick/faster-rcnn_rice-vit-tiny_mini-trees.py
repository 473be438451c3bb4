# Faster R-CNN on a RICE-pretrained ViT-Tiny/16, real aerial photos of trees (mini-trees), 100 iterations of 8 tiles.
# Measured in `make demo`, 2 CPU cores with AVX512-BF16, one run each: box mAP 0.5 from RICE weights, 0.5 from random
# ones; 80 to 90 s. (Another run, with another draw of initial centres: 0.7 and 1.8.)
_base_ = [
    '../_base_/models/faster-rcnn_rice-vit-tiny.py', '../_base_/datasets/mini_trees_detection.py',
    '../_base_/schedules/adamw_quick.py', 'mmdet::_base_/default_runtime.py'
]
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=50, max_keep_ckpts=1), logger=dict(interval=10))
log_processor = dict(by_epoch=False, window_size=10)
train_cfg = dict(max_iters=100, val_interval=100)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=10),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=10, end=100, eta_min=0.)
]
auto_scale_lr = dict(base_batch_size=8)
randomness = dict(seed=0)
