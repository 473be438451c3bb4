# Zero-shot recognition of LVIS' true boxes by the names of its 1,203 classes, with CLOC's ViT-B/16 and Prompter.
# Expected (CLOC, Table 2, B/16): "mAcc", which it does not define, 27.2 (300 M images), 28.5 (2 B). Not run by us.
# python tools/test.py configs/region_text/region-recognition_cloc-vit-base-p16_lvis-224px.py \
#     work_dirs/cloc_vit-base-p16_64xb512-amp-coslr-439k_text-shards-224px/latest.pth
_base_ = [
    '../_base_/models/cloc_vit-base-p16.py', '../_base_/datasets/lvis_boxes_224px.py',
    'mmdet::_base_/default_runtime.py'
]
model = dict(
    _delete_=True,
    type='mmrice.RegionRecognizer',
    data_preprocessor=dict(
        type='DetDataPreprocessor', mean={{_base_.data_preprocessor.mean}}, std={{_base_.data_preprocessor.std}},
        bgr_to_rgb=True, pad_size_divisor=16),
    backbone={{_base_.model.backbone}},
    neck={{_base_.model.neck}},
    text_encoder={{_base_.model.text_encoder}},
    max_per_img=300)
