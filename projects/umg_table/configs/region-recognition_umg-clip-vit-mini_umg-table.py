# Recognition of the boxes of 80 new compositions by the names of their classes' training objects.
_base_ = [
    '_base_/encoder.py', '../../../configs/_base_/datasets/mini_scenes_boxes.py',
    '../../../configs/_base_/datasets/mini_names.py', 'mmdet::_base_/default_runtime.py'
]
places = [
    'at the top left', 'at the top', 'at the top right', 'at the left', 'in the middle', 'at the right',
    'at the bottom left', 'at the bottom', 'at the bottom right'
]
model = dict(
    type='mmrice.RegionRecognizer',
    data_preprocessor=dict(
        type='DetDataPreprocessor', mean={{_base_.umg.mean}}, std={{_base_.umg.std}}, bgr_to_rgb=True,
        pad_size_divisor=8),
    backbone={{_base_.umg.backbone}},
    image_neck={{_base_.umg.image_neck}},
    neck={{_base_.umg.neck}},
    text_encoder={{_base_.umg.text_encoder}},
    crop_size=128,
    templates=['{}', *(f'a {{}} {place}' for place in places)],
    classes={{_base_.thing_names}})
_base_.test_pipeline[1].scale = (128, 128)
test_dataloader = dict(
    dataset=dict(
        data_root={{_base_.umg.scenes}},
        ann_file='annotations/train.json',
        data_prefix=dict(img='train/'),
        indices=-80,
        pipeline={{_base_.test_pipeline}}))
test_evaluator = [dict(type='mmrice.RegionRecognition')]
