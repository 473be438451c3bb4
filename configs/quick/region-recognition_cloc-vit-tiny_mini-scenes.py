# Recognition of the validation boxes of the mini-scenes (synthetic compositions) by texts, with a ViT-Tiny/16 that CLOC
# has pretrained on captions and phrases of the training scenes. A class is asked for by the names that its training
# objects have there, since the texts have no word such as 'vehicle', and in any place, which the texts name.
# Measured with tools/test.py, one run each, from CLOC's weights after 400 iterations (random ones in brackets):
# class-mean 27.5 (7.5), top-1 34.1 (12.0), AP of true boxes 29.3 (12.1).
# python tools/test.py configs/quick/region-recognition_cloc-vit-tiny_mini-scenes.py \
#     work_dirs/cloc_vit-tiny_mini-texts/latest.pth
_base_ = [
    '../_base_/models/cloc_vit-tiny.py', '../_base_/datasets/mini_scenes_boxes.py', '../_base_/datasets/mini_names.py',
    'mmdet::_base_/default_runtime.py'
]
places = [
    'at the top left', 'at the top', 'at the top right', 'at the left', 'in the middle', 'at the right',
    'at the bottom left', 'at the bottom', 'at the bottom right'
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
    templates=[f'a {{}} {place}' for place in places],
    classes={{_base_.thing_names}})
