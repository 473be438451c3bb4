# Segmentation of the validation images of the mini-scenes (synthetic compositions) by the names of their classes alone,
# with a ViT-Tiny/16 that UMG-CLIP has pretrained on captions, phrases, tags and masks of the training scenes; each
# patch by the projection of masks.
# Measured, one run, from UMG-CLIP's weights after 400 iterations (random ones in brackets): mIoU 15.9 (2.2).
# python tools/test.py configs/quick/text-seg_umg-clip-vit-tiny_mini-scenes.py \
#     work_dirs/umg-clip_vit-tiny_mini-umg/latest.pth
_base_ = [
    '../_base_/models/umg-clip_vit-tiny.py', '../_base_/datasets/mini_scenes_semantic.py',
    '../_base_/datasets/mini_names.py', 'mmseg::_base_/default_runtime.py'
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
