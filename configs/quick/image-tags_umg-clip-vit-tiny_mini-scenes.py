# All classes of each validation image of the mini-scenes (synthetic compositions) by their names, with a ViT-Tiny/16
# that UMG-CLIP has pretrained on captions, phrases, tags and masks of the training scenes. A class is asked for by the
# names that its training objects have there.
# Measured, one run, from UMG-CLIP's weights after 400 iterations (random ones in brackets): mAP 56.4 (54.3). Most
# scenes show most classes, and validation objects are others than those of the training.
# python tools/test.py configs/quick/image-tags_umg-clip-vit-tiny_mini-scenes.py \
#     work_dirs/umg-clip_vit-tiny_mini-umg/latest.pth
_base_ = [
    '../_base_/models/umg-clip_vit-tiny.py', '../_base_/datasets/mini_names.py',
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
    classes={{_base_.thing_names}})
test_dataloader = dict(
    batch_size=8,
    num_workers=1,
    dataset=dict(
        type='mmrice.CocoTags',
        data_root='data/mini/scenes',
        ann_file='annotations/val.json',
        data_prefix='val',
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='mmrice.Letterbox', scale=(192, 192)),
            dict(type='PackInputs')
        ]),
    sampler=dict(type='DefaultSampler', shuffle=False))
test_evaluator = dict(type='mmpretrain.AveragePrecision')
test_cfg = dict(type='TestLoop')
custom_hooks = [dict(type='mmrice.DatasetClassesHook')]
