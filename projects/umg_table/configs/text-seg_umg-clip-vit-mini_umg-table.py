# Segmentation of 80 new compositions by the names of the classes alone.
_base_ = ['_base_/encoder.py', '../../../configs/quick/text-seg_umg-clip-vit-tiny_mini-scenes.py']
model = dict(
    data_preprocessor=dict(size_divisor=8, test_cfg=dict(size_divisor=8)),
    backbone=dict(_delete_=True, **_base_.umg.backbone),
    pixel_neck=dict(_delete_=True, **_base_.umg.pixel_neck),
    text_encoder=dict(_delete_=True, **_base_.umg.text_encoder))
test_dataloader = dict(
    dataset=dict(
        data_root={{_base_.umg.scenes}},
        data_prefix=dict(img_path='train', seg_map_path='seg/train'),
        indices=-80,
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(128, 128)),
            dict(type='LoadAnnotations'),
            dict(type='PackSegInputs')
        ]))
