# MLCD with ViT-Tiny/16 (192 channels, 6 layers), for small experiments. The paper has no such size.
data_preprocessor = dict(
    mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True, pad_size_divisor=16)
model = dict(
    type='mmrice.MLCD',
    data_preprocessor=data_preprocessor,
    backbone=dict(type='mmrice.RICEViT', arch='tiny', patch_size=16, out_type='cls_token'),
    neck=dict(type='LinearNeck', in_channels=192, out_channels=192, norm_cfg=None),
    head=dict(type='mmrice.ClusterDiscriminationHead', embed_dims=192))
