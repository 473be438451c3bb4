# Weighted kNN (k = 20, temperature 0.07) on ImageNet-1k with DINOv2's ViT-B/14, a peer of RICE: one line differs.
# Expected: none stated here. Not run by us.
# python tools/test.py configs/recognition/knn_dinov2-vit-base-p14_in1k-224px.py checkpoints/dinov2-base
_base_ = [
    '../_base_/models/knn.py',
    '../_base_/backbones/dinov2_vit-base-p14_hf.py',
    '../_base_/datasets/imagenet_knn_224px.py',
    'mmpretrain::_base_/default_runtime.py'
]
data_preprocessor = dict(mean={{_base_.mean}}, std={{_base_.std}}, to_rgb=True)
model = dict(backbone={{_base_.backbone}}, prototype={{_base_.bank_dataloader}})
