# RICE ViT-Base/16 as a dense encoder; weights: any file, directory or hf:// address that docs/weights.md lists.
backbone = dict(
    type='mmrice.RICEViT',
    arch='base',
    patch_size=16,
    out_type='featmap',
    init_cfg=dict(type='mmrice.RICEPretrained', checkpoint='checkpoints/rice_vit-base-p16.pth'))
width = 768
mean, std = [122.771, 116.746, 104.094], [68.501, 66.632, 70.323]
