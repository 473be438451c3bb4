# DINOv2 ViT-Base/14 as a dense encoder; the directory is facebook/dinov2-base of Hugging Face. With registers:
# facebook/dinov2-with-registers-base and model_type='dinov2_with_registers'.
backbone = dict(
    type='mmrice.HuggingFaceViT',
    config=dict(
        model_type='dinov2',
        hidden_size=768,
        num_hidden_layers=12,
        num_attention_heads=12,
        image_size=518,
        patch_size=14),
    out_type='featmap',
    init_cfg=dict(type='mmrice.RICEPretrained', checkpoint='checkpoints/dinov2-base'))
width = 768
mean, std = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]
