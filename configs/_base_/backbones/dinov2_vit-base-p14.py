# DINOv2 ViT-Base/14 as a dense encoder, MMPretrain's model and weights (configs/dinov2 there).
backbone = dict(
    type='mmpretrain.VisionTransformer',
    arch='base',
    img_size=518,
    patch_size=14,
    layer_scale_init_value=1e-5,
    out_type='featmap',
    init_cfg=dict(type='mmrice.RICEPretrained', checkpoint='checkpoints/dinov2_vit-base-p14.pth'))
width = 768
mean, std = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]
