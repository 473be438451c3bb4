# Open-vocabulary segmentation of ADE20K by the names of its 150 classes, with UMG-CLIP's ViT-B/16 as pretrained: each
# patch token by the projection that was trained for masks. Short side 448 px, windows of 224 px, the size of the
# pretraining, at steps of 112 px: a choice. Bare names, as tags are pretrained.
# Expected: no such number is published; UMG-CLIP's are of a trained decoder. Not run by us.
# python tools/test.py configs/region_text/text-seg_umg-clip-vit-base-p16_ade20k-224px.py \
#     work_dirs/umg-clip_vit-base-p16_64xb512-amp-coslr-100k_umg-shards-224px/latest.pth
# A head on the same features: configs/segmentation/cost-aggregation_*.
_base_ = [
    '../_base_/models/umg-clip_vit-base-p16.py', 'mmseg::_base_/datasets/ade20k.py',
    'mmseg::_base_/default_runtime.py'
]
model = dict(
    _delete_=True,
    type='mmrice.TextSegmentor',
    data_preprocessor=dict(
        type='SegDataPreProcessor', mean={{_base_.data_preprocessor.mean}}, std={{_base_.data_preprocessor.std}},
        bgr_to_rgb=True, size_divisor=16, test_cfg=dict(size_divisor=16)),
    backbone={{_base_.model.backbone}},
    pixel_neck={{_base_.model.pixel_neck}},
    text_encoder={{_base_.model.text_encoder}},
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
