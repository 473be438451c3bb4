# All classes of each image of COCO 2017 val by the names of its 80 classes, with UMG-CLIP's ViT-B/16: bare names, as
# tags are pretrained. Others: --cfg-options "model.templates=['a photo of a {}.']", or a file.
# Expected: no such number of UMG-CLIP's could be read. Not run by us.
# python tools/test.py configs/region_text/image-tags_umg-clip-vit-base-p16_coco-224px.py \
#     work_dirs/umg-clip_vit-base-p16_64xb512-amp-coslr-100k_umg-shards-224px/latest.pth
_base_ = [
    '../_base_/models/umg-clip_vit-base-p16.py', '../_base_/datasets/coco_tags_224px.py',
    'mmpretrain::_base_/default_runtime.py'
]
model = dict(
    _delete_=True,
    type='mmrice.ZeroShotClassifier',
    multi_label=True,
    data_preprocessor=dict(
        mean={{_base_.data_preprocessor.mean}}, std={{_base_.data_preprocessor.std}}, to_rgb=True),
    backbone={{_base_.model.backbone}},
    image_neck={{_base_.model.image_neck}},
    text_encoder={{_base_.model.text_encoder}})
