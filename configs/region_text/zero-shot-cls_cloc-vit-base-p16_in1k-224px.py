# Zero-shot classification of ImageNet-1k with CLOC's ViT-B/16. One template of our choice; another, or a file with one
# a line: --cfg-options "model.templates=['{}']".
# Expected (CLOC, Table 2, B/16, templates and names not stated): 75.5 (300 M images), 74.9 (2 B). Not run by us.
# python tools/test.py configs/region_text/zero-shot-cls_cloc-vit-base-p16_in1k-224px.py \
#     work_dirs/cloc_vit-base-p16_64xb512-amp-coslr-439k_text-shards-224px/latest.pth
_base_ = [
    '../_base_/models/cloc_vit-base-p16.py', '../_base_/datasets/imagenet_zero-shot_224px.py',
    'mmpretrain::_base_/default_runtime.py'
]
model = dict(
    _delete_=True,
    type='mmrice.ZeroShotClassifier',
    data_preprocessor=dict(
        mean={{_base_.data_preprocessor.mean}}, std={{_base_.data_preprocessor.std}}, to_rgb=True),
    backbone={{_base_.model.backbone}},
    image_neck={{_base_.model.image_neck}},
    text_encoder={{_base_.model.text_encoder}},
    templates=['a photo of a {}.'])
