# Faster R-CNN on a RICE-pretrained ViT-Tiny/16, real aerial photos of trees (mini-trees), 80 iterations of 8 tiles.
_base_ = [
    '../_base_/models/faster-rcnn_rice-vit-tiny.py', '../_base_/datasets/mini_trees_detection.py',
    '../_base_/schedules/adamw_quick.py', 'mmdet::_base_/default_runtime.py'
]
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=80, max_keep_ckpts=1), logger=dict(interval=10))
log_processor = dict(by_epoch=False, window_size=10)
auto_scale_lr = dict(base_batch_size=8)
randomness = dict(seed=0)
