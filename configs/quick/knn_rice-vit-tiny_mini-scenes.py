# Weighted kNN of the objects of the mini scenes (synthetic compositions), cut out by their boxes, 10 classes, with a
# RICE-pretrained ViT-Tiny/16.
# Measured with tools/test.py, one run each: top-1 31.5 from RICE weights, 31.5 from random ones; top-5 72.7 and 75.8.
# Always naming the most frequent class gives 28.1.
# python tools/test.py configs/quick/knn_rice-vit-tiny_mini-scenes.py work_dirs/rice_vit-tiny_mini/latest.pth
_base_ = [
    '../_base_/models/knn.py', '../_base_/backbones/rice_vit-tiny.py', '../_base_/datasets/mini_objects.py',
    'mmpretrain::_base_/default_runtime.py'
]
data_preprocessor = dict(mean={{_base_.mean}}, std={{_base_.std}}, to_rgb=True)
model = dict(backbone={{_base_.backbone}}, prototype={{_base_.bank_dataloader}}, num_classes=10)
