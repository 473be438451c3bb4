# UPerNet on ViT-Tiny/16 and a simple feature pyramid with strides 8 to 32; narrow heads, for a CPU.
_base_ = 'mmseg::_base_/models/upernet_vit-b16_ln_mln.py'
model = dict(
    pretrained=None,
    data_preprocessor=dict(size_divisor=16, test_cfg=dict(size_divisor=16)),
    backbone=dict(
        _delete_=True,
        type='mmrice.RICEViT',
        arch='tiny',
        patch_size=16,
        out_type='featmap',
        init_cfg=dict(type='mmrice.RICEPretrained', checkpoint='work_dirs/rice_vit-tiny_mini/latest.pth')),
    neck=dict(_delete_=True, type='mmrice.SimpleFeaturePyramid', in_channels=192, out_channels=64, scales=(2, 1, 0.5),
        num_extra_levels=0),
    decode_head=dict(
        in_channels=[64, 64, 64],
        in_index=[0, 1, 2],
        channels=64,
        dropout_ratio=0.,
        norm_cfg=dict(type='BN', requires_grad=True)),
    auxiliary_head=None)
