# Mask R-CNN on a ViT-Tiny/8 with random weights and ViTDet's simple pyramid: overfits four mini-scenes (synthetic
# compositions) at 128 px and is measured on them, so that targets, losses and metrics of boxes and masks are seen to
# fit.
# Measured on those four training images, one run on one core of a busy CPU: box AP50 100.0, mask AP50 96.6 (box AP
# 100.0, mask AP 78.9); 4 minutes.
_base_ = ['mask-rcnn_rice-vit-tiny_mini-scenes.py']
max_iters = 300
size = (128, 128)
model = dict(
    backbone=dict(patch_size=8, init_cfg=None),
    rpn_head=dict(anchor_generator=dict(strides=[4, 8, 16, 32])),
    roi_head=dict(
        bbox_roi_extractor=dict(featmap_strides=[4, 8, 16]), mask_roi_extractor=dict(featmap_strides=[4, 8, 16])))
train_pipeline = _base_.train_pipeline
train_pipeline[2].scale = size
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='mmdet.Resize', scale=size, keep_ratio=True),
    dict(type='mmdet.LoadAnnotations', with_bbox=True, with_mask=True),
    dict(
        type='mmdet.PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'instances'))
]
train_dataloader = dict(batch_size=4, dataset=dict(indices=4, pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(
        ann_file='annotations/train.json', data_prefix=dict(img='train/'), indices=4, pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(_delete_=True, type='mmrice.CocoMetric', metric=['bbox', 'segm'])
test_evaluator = val_evaluator
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=10),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=10, end=max_iters, eta_min=0.)
]
default_hooks = dict(checkpoint=dict(interval=max_iters), logger=dict(interval=10))
auto_scale_lr = dict(base_batch_size=4)
