# Mask2Former on a frozen RICE ViT-B/16 with a simple pyramid, COCO panoptic, 1024 px LSJ, 50 epochs:
# MMDetection's recipe.
# Expected: no number of RICE's is published for this; for comparison, MMDetection's tuned ResNet-50: PQ 52.0.
# Not run by us.
_base_ = ['../_base_/models/mask2former_vit.py', '../_base_/backbones/rice_vit-base-p16.py']
model = dict(
    data_preprocessor=dict(mean={{_base_.mean}}, std={{_base_.std}}),
    backbone=dict(_delete_=True, type='mmrice.FrozenBackbone', backbone={{_base_.backbone}}),
    neck=dict(in_channels={{_base_.width}}))
