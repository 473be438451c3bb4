# Open-vocabulary segmentation of ADE20K by the names of its 150 classes, with CLOC's ViT-B/16: each patch by the
# Prompter, asked for a box of 3 x 3 patches around it. Short side 448 px, windows of 224 px, the size of the
# pretraining, at steps of 112 px: a choice, as the boxes are.
# Expected: no such number is published. Not run by us.
# python tools/test.py configs/region_text/text-seg_cloc-vit-base-p16_ade20k-224px.py \
#     work_dirs/cloc_vit-base-p16_64xb512-amp-coslr-439k_text-shards-224px/latest.pth
# Patch tokens through the projection of the class token, as MaskCLIP starts from: --cfg-options model.neck=None
_base_ = [
    '../_base_/models/cloc_vit-base-p16.py', 'mmseg::_base_/datasets/ade20k.py',
    'mmseg::_base_/default_runtime.py'
]
model = dict(
    _delete_=True,
    type='mmrice.TextSegmentor',
    data_preprocessor=dict(
        type='SegDataPreProcessor', mean={{_base_.data_preprocessor.mean}}, std={{_base_.data_preprocessor.std}},
        bgr_to_rgb=True, size_divisor=16, test_cfg=dict(size_divisor=16)),
    backbone={{_base_.model.backbone}},
    neck={{_base_.model.neck}},
    image_neck={{_base_.model.image_neck}},
    text_encoder={{_base_.model.text_encoder}},
    templates=['a photo of a {}.'],
    test_cfg=dict(mode='slide', crop_size=(224, 224), stride=(112, 112)))
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='SegVisualizationHook'))
custom_hooks = [dict(type='mmrice.DatasetClassesHook')]
train_dataloader = None
val_dataloader = None
val_evaluator = None
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(2048, 448), keep_ratio=True),
            dict(type='LoadAnnotations', reduce_zero_label=True),
            dict(type='PackSegInputs')
        ]))
test_cfg = dict(type='TestLoop')
