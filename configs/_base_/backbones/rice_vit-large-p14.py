# RICE ViT-Large/14 as a dense encoder; weights: any file, directory or hf:// address that docs/weights.md lists.
backbone = dict(
    type='mmrice.RICEViT',
    arch='large',
    patch_size=14,
    out_type='featmap',
    init_cfg=dict(type='mmrice.RICEPretrained', checkpoint='checkpoints/rice_vit-large-p14.pth'))
width = 1024
mean, std = [122.771, 116.746, 104.094], [68.501, 66.632, 70.323]
