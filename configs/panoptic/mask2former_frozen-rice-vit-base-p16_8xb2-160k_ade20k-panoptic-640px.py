# Mask2Former on a frozen RICE ViT-B/16 with a simple pyramid, ADE20K panoptic, crops of 640 px, 160,000 iterations.
# Expected: no number of RICE's is published for this; for comparison, Mask2Former's authors state PQ 39.7 for a tuned
# ResNet-50. Not run by us.
_base_ = ['../_base_/models/mask2former_vit_ade20k.py', '../_base_/backbones/rice_vit-base-p16.py']
model = dict(
    data_preprocessor=dict(mean={{_base_.mean}}, std={{_base_.std}}),
    backbone=dict(_delete_=True, type='mmrice.FrozenBackbone', backbone={{_base_.backbone}}),
    neck=dict(in_channels={{_base_.width}}))
