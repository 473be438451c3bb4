# Linear segmentation of composed scenes on a frozen encoder.
_base_ = ['_base_/segmentation.py']
model = dict(
    backbone=dict(type='mmrice.FrozenBackbone', backbone={{_base_.dense}}),
    decode_head=dict(
        type='mmrice.LinearHead',
        in_channels={{_base_.width}},
        num_classes={{_base_.classes}},
        norm_cfg=dict(type='BN', requires_grad=True),
        align_corners=False,
        loss_decode=dict(type='mmseg.CrossEntropyLoss', avg_non_ignore=True)))
