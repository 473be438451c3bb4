# Leave-one-out retrieval among the validation objects of the mini scenes (synthetic compositions) with a
# RICE-pretrained ViT-Tiny/16: is an object of the same class among the 1, 5 nearest?
# Measured with tools/test.py, one run each: recall@1 39.2 from RICE weights, 37.3 from random ones; recall@5 76.9 and
# 73.1.
# python tools/test.py configs/quick/retrieval_rice-vit-tiny_mini-scenes.py work_dirs/rice_vit-tiny_mini/latest.pth
_base_ = [
    '../_base_/models/retrieval.py', '../_base_/backbones/rice_vit-tiny.py', '../_base_/datasets/mini_objects.py',
    'mmpretrain::_base_/default_runtime.py'
]
data_preprocessor = dict(mean={{_base_.mean}}, std={{_base_.std}}, to_rgb=True)
model = dict(backbone={{_base_.backbone}}, prototype={{_base_.test_dataloader}}, leave_one_out=True)
test_evaluator = dict(_delete_=True, type='mmpretrain.RetrievalRecall', topk=(1, 5))
