# Retrieval of captions by images and of images by captions on COCO 2017 val with CLOC's ViT-B/16: recall@1, 5 and 10.
# Expected (CLOC, Table 2, B/16, split not stated): recall@1 66.1 and 46.5 (300 M images), 69.2 and 49.3 (2 B). Not run
# by us.
# python tools/test.py configs/region_text/image-text_cloc-vit-base-p16_coco-224px.py \
#     work_dirs/cloc_vit-base-p16_64xb512-amp-coslr-439k_text-shards-224px/latest.pth
_base_ = [
    '../_base_/models/cloc_vit-base-p16.py', '../_base_/datasets/coco_captions_224px.py',
    'mmdet::_base_/default_runtime.py'
]
model = dict(
    _delete_=True,
    type='mmrice.RegionTextMatcher',
    data_preprocessor=dict(
        type='DetDataPreprocessor', mean={{_base_.data_preprocessor.mean}}, std={{_base_.data_preprocessor.std}},
        bgr_to_rgb=True, pad_size_divisor=16),
    backbone={{_base_.model.backbone}},
    image_neck={{_base_.model.image_neck}},
    text_encoder={{_base_.model.text_encoder}},
    caption_key='text')
