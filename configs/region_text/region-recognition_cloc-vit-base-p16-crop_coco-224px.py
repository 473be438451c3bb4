# The baseline of region recognition, crop and encode: each of COCO's true boxes is cut out of the image in full size,
# fitted into 224 px and encoded by itself. The same weights as with the Prompter; one pass a box.
# Expected: no number of CLOC's is published for this. Not run by us.
# python tools/test.py configs/region_text/region-recognition_cloc-vit-base-p16-crop_coco-224px.py \
#     work_dirs/cloc_vit-base-p16_64xb512-amp-coslr-439k_text-shards-224px/latest.pth
_base_ = [
    '../_base_/models/cloc_vit-base-p16.py', '../_base_/datasets/coco_boxes_224px.py',
    'mmdet::_base_/default_runtime.py'
]
model = dict(
    _delete_=True,
    type='mmrice.RegionRecognizer',
    pooling='crop',
    crop_size=224,
    data_preprocessor=dict(
        type='DetDataPreprocessor', mean={{_base_.data_preprocessor.mean}}, std={{_base_.data_preprocessor.std}},
        bgr_to_rgb=True, pad_size_divisor=16),
    backbone={{_base_.model.backbone}},
    image_neck={{_base_.model.image_neck}},
    text_encoder={{_base_.model.text_encoder}})
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape'))
]
test_dataloader = dict(batch_size=1, dataset=dict(pipeline=test_pipeline))
