# Mask2Former on a frozen DINOv3 ViT-B/16 with a simple pyramid, ADE20K panoptic: one line differs from RICE's config.
# Expected: none stated here for this size of DINOv3. Not run by us.
_base_ = ['../_base_/models/mask2former_vit_ade20k.py', '../_base_/backbones/dinov3_vit-base-p16.py']
model = dict(
    data_preprocessor=dict(mean={{_base_.mean}}, std={{_base_.std}}),
    backbone=dict(_delete_=True, type='mmrice.FrozenBackbone', backbone={{_base_.backbone}}),
    neck=dict(in_channels={{_base_.width}}))
