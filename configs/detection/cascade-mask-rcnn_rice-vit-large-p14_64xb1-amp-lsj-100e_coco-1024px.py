# Cascade Mask R-CNN, ViTDet's recipe, with a RICE ViT-L/14: strides of 3.5 to 56 px, padded to 1036 px.
# Expected: no number of RICE's is published for this. Not run by us.
# Layer decay 0.8 and stochastic depth 0.4 are ViTDet's for 'large'.
_base_ = [
    '../_base_/models/cascade-mask-rcnn_vitdet.py',
    '../_base_/backbones/rice_vit-large-p14_window16.py',
    '../_base_/datasets/coco_lsj_1024px.py',
    '../_base_/schedules/vitdet_100e.py',
    'mmdet::_base_/default_runtime.py'
]
model = dict(
    data_preprocessor=dict(mean={{_base_.mean}}, std={{_base_.std}}, pad_size_divisor=28),
    backbone={{_base_.backbone}},
    neck=dict(in_channels={{_base_.width}}),
    rpn_head=dict(anchor_generator=dict(strides=[3.5, 7, 14, 28, 56])),
    roi_head=dict(
        bbox_roi_extractor=dict(featmap_strides=[3.5, 7, 14, 28]),
        mask_roi_extractor=dict(featmap_strides=[3.5, 7, 14, 28])))
optim_wrapper = dict(paramwise_cfg=dict(layer_decay_rate=0.8))
train_dataloader = dict(batch_size=1)
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=5000, max_keep_ckpts=2))
log_processor = dict(by_epoch=False)
