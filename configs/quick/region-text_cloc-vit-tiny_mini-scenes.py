# Retrieval of phrases by regions and of captions by images, and boxes for phrases, on the validation images of the
# mini-scenes (synthetic compositions), with a ViT-Tiny/16 that CLOC has pretrained on the training scenes.
# Measured with tools/test.py, one run each, from CLOC's weights after 400 iterations (random ones in brackets): regions
# to phrases, recall@10 70.0 (1.1), phrases to regions 87.3 (6.7), images to captions, recall@1 7.5 (2.5), boxes for
# phrases, accuracy at 0.5 18.4 (3.0).
# python tools/test.py configs/quick/region-text_cloc-vit-tiny_mini-scenes.py \
#     work_dirs/cloc_vit-tiny_mini-texts/latest.pth
_base_ = [
    '../_base_/models/cloc_vit-tiny.py', '../_base_/datasets/mini_scenes_phrases.py',
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
    image_neck={{_base_.model.image_neck}},
    text_encoder={{_base_.model.text_encoder}},
    grounds=True)
