# Segmentation of the validation images of the mini-scenes (synthetic compositions) by the names of their classes alone,
# with a ViT-Tiny/16 that CLOC has pretrained on captions and phrases of the training scenes.
# Measured, one run: mIoU 2.0, which is chance. Its phrases are of things, whole, and mostly say where they are.
# python tools/test.py configs/quick/text-seg_cloc-vit-tiny_mini-scenes.py work_dirs/cloc_vit-tiny_mini-texts/latest.pth
_base_ = [
    '../_base_/models/cloc_vit-tiny.py', '../_base_/datasets/mini_scenes_semantic.py',
    '../_base_/datasets/mini_names.py', 'mmseg::_base_/default_runtime.py'
]
model = dict(
    _delete_=True,
    type='mmrice.TextSegmentor',
    data_preprocessor=dict(
        type='SegDataPreProcessor', mean={{_base_.data_preprocessor.mean}}, std={{_base_.data_preprocessor.std}},
        bgr_to_rgb=True, size_divisor=16, test_cfg=dict(size_divisor=16)),
    backbone={{_base_.model.backbone}},
    neck={{_base_.model.neck}},
    text_encoder={{_base_.model.text_encoder}},
    templates=['a {}'],
    classes=[*_base_.thing_names, *_base_.stuff_names],
    test_cfg=dict(mode='whole'))
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='SegVisualizationHook'))
train_dataloader = None
val_dataloader = None
val_evaluator = None
val_cfg = None
test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(192, 192)),
            dict(type='LoadAnnotations'),
            dict(type='PackSegInputs')
        ]))
