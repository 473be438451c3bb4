# DINOv3 ViT-Base/16 as a dense encoder; the directory is facebook/dinov3-vitb16-pretrain-lvd1689m of Hugging Face.
backbone = dict(
    type='mmrice.HuggingFaceViT',
    config=dict(
        model_type='dinov3_vit',
        hidden_size=768,
        intermediate_size=3072,
        num_hidden_layers=12,
        num_attention_heads=12,
        image_size=224,
        patch_size=16,
        num_register_tokens=4),
    out_type='featmap',
    init_cfg=dict(type='mmrice.RICEPretrained', checkpoint='checkpoints/dinov3-vitb16-pretrain-lvd1689m'))
width = 768
mean, std = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]
