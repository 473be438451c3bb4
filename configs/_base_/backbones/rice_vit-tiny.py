# RICE ViT-Tiny/16 of the quick configs as a dense encoder.
backbone = dict(
    type='mmrice.RICEViT',
    arch='tiny',
    patch_size=16,
    out_type='featmap',
    init_cfg=dict(type='mmrice.RICEPretrained', checkpoint='work_dirs/rice_vit-tiny_mini/latest.pth'))
width = 192
mean, std = [122.771, 116.746, 104.094], [68.501, 66.632, 70.323]
