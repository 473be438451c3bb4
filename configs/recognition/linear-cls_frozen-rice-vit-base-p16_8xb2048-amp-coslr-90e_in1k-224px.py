# Linear probe on ImageNet-1k with a frozen RICE ViT-B/16, 224 px.
# Expected: no number of RICE's is published for this; for comparison, MLCD's authors state 79.1 for their
# released ViT-B/32. Not run by us.
# How they were probed (optimizer, length, augmentation) is not known to us. MAE's protocol is our choice: class token
# after the backbone's norm, batch norm without scale and shift, LARS, 90 epochs of 16,384 images.
_base_ = [
    '../_base_/models/linear-cls_vit.py',
    '../_base_/backbones/rice_vit-base-p16.py',
    'mmpretrain::_base_/datasets/imagenet_bs32_pil_resize.py',
    'mmpretrain::_base_/default_runtime.py',
    '../_base_/schedules/linear-cls_90e.py'
]
data_preprocessor = dict(mean={{_base_.mean}}, std={{_base_.std}})
model = dict(
    backbone=dict(backbone={{_base_.backbone}}),
    neck=dict(input_features={{_base_.width}}),
    head=dict(in_channels={{_base_.width}}))
train_dataloader = dict(batch_size=2048, num_workers=16, drop_last=True)
default_hooks = dict(checkpoint=dict(max_keep_ckpts=3))
