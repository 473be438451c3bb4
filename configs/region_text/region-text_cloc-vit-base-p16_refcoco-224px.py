# Boxes for the expressions of RefCOCO by CLOC's Prompter, as pretrained: the share with an IoU of 0.5 or more.
# Expected: no number of CLOC's is published for this; its grounding is an auxiliary loss. Not run by us.
# python tools/test.py configs/region_text/region-text_cloc-vit-base-p16_refcoco-224px.py \
#     work_dirs/cloc_vit-base-p16_64xb512-amp-coslr-439k_text-shards-224px/latest.pth
_base_ = [
    '../_base_/models/cloc_vit-base-p16.py', '../_base_/datasets/refcoco_boxes_224px.py',
    'mmdet::_base_/default_runtime.py'
]
model = dict(
    _delete_=True,
    type='mmrice.RegionTextMatcher',
    data_preprocessor=dict(
        type='DetDataPreprocessor', mean={{_base_.data_preprocessor.mean}}, std={{_base_.data_preprocessor.std}},
        bgr_to_rgb=True, pad_size_divisor=16),
    backbone={{_base_.model.backbone}},
    neck={{_base_.model.neck}},
    text_encoder={{_base_.model.text_encoder}},
    phrase_key='text',
    grounds=True)
