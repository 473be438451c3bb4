# Faster R-CNN for scenes of 128 px: strides 4 to 32, narrow heads.
_base_ = [
    'encoder.py', '../../../../configs/_base_/models/faster-rcnn_rice-vit-tiny.py', 'scenes_boxes.py', 'schedule.py',
    'mmdet::_base_/default_runtime.py'
]
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=300, max_keep_ckpts=1), logger=dict(interval=50))
log_processor = dict(by_epoch=False, window_size=10)
model = dict(
    rpn_head=dict(anchor_generator=dict(scales=[4], strides=[4, 8, 16, 32])),
    roi_head=dict(bbox_roi_extractor=dict(featmap_strides=[4, 8, 16]), bbox_head=dict(num_classes=10)))
auto_scale_lr = dict(base_batch_size=16)
