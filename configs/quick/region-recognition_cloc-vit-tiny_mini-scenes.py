# Zero-shot recognition of the validation boxes of the mini-scenes (synthetic compositions) by the names of their ten
# classes, with a ViT-Tiny/16 that CLOC has pretrained on captions and phrases of the training scenes.
# python tools/test.py configs/quick/region-recognition_cloc-vit-tiny_mini-scenes.py \
#     work_dirs/cloc_vit-tiny_mini-texts/latest.pth
_base_ = [
    '../_base_/models/cloc_vit-tiny.py', '../_base_/datasets/mini_scenes_boxes.py',
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
    text_encoder={{_base_.model.text_encoder}})
