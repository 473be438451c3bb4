# All classes of each image of PASCAL VOC 2007's test set by the names of its 20 classes, with UMG-CLIP's ViT-B/16.
# Names are VOC's, written as words: a choice. Difficult objects alone make a class neither right nor wrong.
# Expected: no such number of UMG-CLIP's could be read. Not run by us.
# python tools/test.py configs/region_text/image-tags_umg-clip-vit-base-p16_voc07-224px.py \
#     work_dirs/umg-clip_vit-base-p16_64xb512-amp-coslr-100k_umg-shards-224px/latest.pth
_base_ = [
    '../_base_/models/umg-clip_vit-base-p16.py', '../_base_/datasets/voc07_tags_224px.py',
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
    text_encoder={{_base_.model.text_encoder}},
    classes=[
        'aeroplane', 'bicycle', 'bird', 'boat', 'bottle', 'bus', 'car', 'cat', 'chair', 'cow', 'dining table', 'dog',
        'horse', 'motorbike', 'person', 'potted plant', 'sheep', 'sofa', 'train', 'tv monitor'
    ])
