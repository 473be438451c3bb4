# All classes of each of 80 new compositions by the names of their training objects.
_base_ = ['_base_/encoder.py', '../../../configs/quick/image-tags_umg-clip-vit-tiny_mini-scenes.py']
model = dict(
    backbone=dict(_delete_=True, **_base_.umg.backbone),
    image_neck=dict(in_channels=128, out_channels=128),
    text_encoder=dict(_delete_=True, **_base_.umg.text_encoder))
test_dataloader = dict(
    dataset=dict(
        data_root={{_base_.umg.scenes}},
        ann_file='annotations/train.json',
        data_prefix='train',
        indices=-80,
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='mmrice.Letterbox', scale=(128, 128)),
            dict(type='PackInputs')
        ]))
