# Crop and encode with OpenAI's CLIP ViT-B/16, whose weights anyone can have: each of COCO's true boxes is cut out of
# the image in full size, fitted into 224 px and encoded by itself.
# Expected: none stated here; published numbers for CLIP's regions differ in protocol. Not run by us.
# python tools/test.py configs/region_text/region-recognition_clip-vit-base-p16-crop_coco-224px.py \
#     checkpoints/clip-vit-base-patch16
_base_ = [
    '../_base_/backbones/clip_vit-base-p16.py', '../_base_/datasets/coco_boxes_224px.py',
    'mmdet::_base_/default_runtime.py'
]
model = dict(
    type='mmrice.RegionRecognizer',
    pooling='crop',
    out_type='cls_token',
    crop_size=224,
    data_preprocessor=dict(
        type='DetDataPreprocessor', mean={{_base_.mean}}, std={{_base_.std}}, bgr_to_rgb=True),
    backbone={{_base_.backbone}},
    image_neck=dict(type='mmrice.ClipProjection', in_channels={{_base_.width}}, out_channels=512),
    text_encoder=dict(type='mmrice.TextTransformer', arch='base', activation='quick_gelu', out_dims=512),
    templates=['a photo of a {}.'])
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape'))
]
test_dataloader = dict(batch_size=1, dataset=dict(pipeline=test_pipeline))
custom_hooks = [
    dict(type='mmrice.DatasetClassesHook'),
    dict(type='mmrice.EncoderCheckpointHook', parts=['backbone', 'image_neck', 'text_encoder'])
]
