# Retrieval of phrases by regions, and of regions by phrases, on 80 new compositions.
_base_ = [
    '_base_/encoder.py', '../../../configs/_base_/datasets/mini_scenes_phrases.py', 'mmdet::_base_/default_runtime.py'
]
model = dict(
    type='mmrice.RegionTextMatcher',
    data_preprocessor=dict(
        type='DetDataPreprocessor', mean={{_base_.umg.mean}}, std={{_base_.umg.std}}, bgr_to_rgb=True,
        pad_size_divisor=8),
    backbone={{_base_.umg.backbone}},
    image_neck={{_base_.umg.image_neck}},
    neck={{_base_.umg.neck}},
    text_encoder={{_base_.umg.text_encoder}},
    crop_size=128)
_base_.test_pipeline[1].scale = (128, 128)
test_dataloader = dict(
    dataset=dict(
        data_root={{_base_.umg.scenes}},
        ann_file='text/train.jsonl',
        data_prefix=dict(img='train/'),
        indices=-80,
        pipeline={{_base_.test_pipeline}}))
test_evaluator = [dict(type='mmrice.RegionTextRetrieval')]
