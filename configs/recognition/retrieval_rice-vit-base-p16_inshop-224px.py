# Image retrieval on In-shop (DeepFashion) with a RICE ViT-B/16 as it was pretrained: recall@1, 10, 20, 30 and mAP@10.
# Expected: no number of RICE's is published for this. Not run by us.
# The cosine of class tokens decides. Size and recalls are our choice; UNICOM's retrieval tables may have others.
# python tools/test.py configs/recognition/retrieval_rice-vit-base-p16_inshop-224px.py checkpoints/rice_vit-base-p16.pth
_base_ = [
    '../_base_/models/retrieval.py',
    '../_base_/backbones/rice_vit-base-p16.py',
    '../_base_/datasets/inshop_224px.py',
    'mmpretrain::_base_/default_runtime.py'
]
data_preprocessor = dict(mean={{_base_.mean}}, std={{_base_.std}}, to_rgb=True)
model = dict(backbone={{_base_.backbone}}, prototype={{_base_.gallery_dataloader}})
