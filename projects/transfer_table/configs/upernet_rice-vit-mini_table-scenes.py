# UPerNet on composed scenes, the encoder trained along.
_base_ = ['_base_/segmentation.py']
model = dict(
    backbone={{_base_.dense}},
    neck=dict(type='mmrice.SimpleFeaturePyramid', in_channels={{_base_.width}}, out_channels=64, scales=(2, 1, 0.5),
              num_extra_levels=0),
    decode_head=dict(
        type='mmseg.UPerHead',
        in_channels=[64, 64, 64],
        in_index=[0, 1, 2],
        pool_scales=(1, 2, 3, 6),
        channels=64,
        dropout_ratio=0.,
        num_classes={{_base_.classes}},
        norm_cfg=dict(type='BN', requires_grad=True),
        align_corners=False,
        loss_decode=dict(type='mmseg.CrossEntropyLoss')))
