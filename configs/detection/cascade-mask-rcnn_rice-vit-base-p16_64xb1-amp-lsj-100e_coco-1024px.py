# Cascade Mask R-CNN, ViTDet's recipe, with a RICE ViT-B/16: all weights tuned, windows and four global layers, 1024 px.
# Expected: no number of RICE's is published for this.
# Not run by us.
_base_ = [
    '../_base_/models/cascade-mask-rcnn_vitdet.py',
    '../_base_/backbones/rice_vit-base-p16_window14.py',
    '../_base_/datasets/coco_lsj_1024px.py',
    '../_base_/schedules/vitdet_100e.py',
    'mmdet::_base_/default_runtime.py'
]
model = dict(
    data_preprocessor=dict(mean={{_base_.mean}}, std={{_base_.std}}),
    backbone={{_base_.backbone}},
    neck=dict(in_channels={{_base_.width}}))
train_dataloader = dict(batch_size=1)
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=5000, max_keep_ckpts=2))
log_processor = dict(by_epoch=False)
