# The encoder of the table, a ViT with 128 channels, 4 layers and patches of 8 px for images of 128 px, and what stands
# beside it.
umg = dict(
    width=128,
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    scenes='data/umg_table/scenes/',
    arch=dict(embed_dims=128, num_layers=4, num_heads=4, feedforward_channels=512),
    patch=8,
    image_neck=dict(type='LinearNeck', in_channels=128, out_channels=128, norm_cfg=None),
    neck=dict(type='mmrice.RoIAlignPooling', in_channels=128, out_channels=128, patch_size=8),
    pixel_neck=dict(type='mmrice.MaskPooling', in_channels=128, out_channels=128),
    text_encoder=dict(type='mmrice.TextTransformer', arch='tiny', num_tokens=32, out_dims=128))
umg.update(
    backbone=dict(type='mmrice.RICEViT', arch=umg['arch'], patch_size=umg['patch'], out_type='raw'),
    dense=dict(
        type='mmrice.RICEViT',
        arch=umg['arch'],
        patch_size=umg['patch'],
        out_type='featmap',
        init_cfg=dict(type='mmrice.RICEPretrained', checkpoint='work_dirs/umg_table/all/seed0/latest.pth')))
