# Zero-shot classification of ImageNet-1k with OpenAI's CLIP ViT-B/16: one template, the middle 224 px of the image.
# Expected: CLIP's authors have 80 templates and names edited by hand; less is to be expected here. Not run by us.
# python tools/test.py configs/region_text/zero-shot-cls_clip-vit-base-p16_in1k-224px.py \
#     checkpoints/clip-vit-base-patch16
_base_ = [
    '../_base_/backbones/clip_vit-base-p16.py', '../_base_/datasets/imagenet_zero-shot_224px.py',
    'mmpretrain::_base_/default_runtime.py'
]
model = dict(
    type='mmrice.ZeroShotClassifier',
    data_preprocessor=dict(mean={{_base_.mean}}, std={{_base_.std}}, to_rgb=True),
    backbone={{_base_.backbone}},
    image_neck=dict(type='mmrice.ClipProjection', in_channels={{_base_.width}}, out_channels=512),
    text_encoder=dict(type='mmrice.TextTransformer', arch='base', activation='quick_gelu', out_dims=512),
    templates=['a photo of a {}.'])
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='ResizeEdge', scale=224, edge='short', backend='pillow', interpolation='bicubic'),
    dict(type='CenterCrop', crop_size=224),
    dict(type='PackInputs')
]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
custom_hooks = [
    dict(type='mmrice.DatasetClassesHook'),
    dict(type='mmrice.EncoderCheckpointHook', parts=['backbone', 'image_neck', 'text_encoder'])
]
