# The encoder of the table: a ViT with 128 channels, 4 layers and patches of 8 px, for images of 128 px.
arch = dict(embed_dims=128, num_layers=4, num_heads=4, feedforward_channels=512)
width, patch, classes = 128, 8, 17
encoder = dict(type='mmrice.RICEViT', arch=arch, patch_size=patch)
dense = dict(
    **encoder,
    out_type='featmap',
    init_cfg=dict(
        type='mmrice.RICEPretrained', checkpoint='work_dirs/transfer_table/pretrain/rice/seed0/latest.pth'))
