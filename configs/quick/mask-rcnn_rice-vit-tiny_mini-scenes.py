# Mask R-CNN on a RICE-pretrained ViT-Tiny/16, mini-scenes (synthetic compositions), 70 iterations of 8 images.
# No number measured: not part of `make demo`.
_base_ = [
    '../_base_/models/mask-rcnn_rice-vit-tiny.py', '../_base_/datasets/mini_scenes_instance.py',
    '../_base_/schedules/adamw_quick.py', 'mmdet::_base_/default_runtime.py'
]
model = dict(roi_head=dict(bbox_head=dict(num_classes=10), mask_head=dict(num_classes=10)))
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=35, max_keep_ckpts=1), logger=dict(interval=10))
log_processor = dict(by_epoch=False, window_size=10)
auto_scale_lr = dict(base_batch_size=8)
randomness = dict(seed=0)
