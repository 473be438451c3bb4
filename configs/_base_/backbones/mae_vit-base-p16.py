# MAE ViT-Base/16 as a dense encoder, MMPretrain's model and weights (configs/mae there).
backbone = dict(
    type='mmpretrain.VisionTransformer',
    arch='base',
    img_size=224,
    patch_size=16,
    out_type='featmap',
    init_cfg=dict(type='mmrice.RICEPretrained', checkpoint='checkpoints/mae_vit-base-p16.pth'))
width = 768
mean, std = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]
