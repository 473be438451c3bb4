# Weighted kNN (k = 20, temperature 0.07) on ImageNet-1k with a RICE ViT-L/14 as it was pretrained.
# Expected: no number of RICE's is published for this; for comparison, UNICOM's authors state 81.2 for their ViT-L/14.
# We do not know their k and temperature. Not run by us.
# python tools/test.py configs/recognition/knn_rice-vit-large-p14_in1k-224px.py checkpoints/rice_vit-large-p14.pth
_base_ = [
    '../_base_/models/knn.py',
    '../_base_/backbones/rice_vit-large-p14.py',
    '../_base_/datasets/imagenet_knn_224px.py',
    'mmpretrain::_base_/default_runtime.py'
]
data_preprocessor = dict(mean={{_base_.mean}}, std={{_base_.std}}, to_rgb=True)
model = dict(backbone={{_base_.backbone}}, prototype={{_base_.bank_dataloader}})
