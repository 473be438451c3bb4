# SigLIP ViT-Base/16 (224 px) as a dense encoder; the directory is google/siglip-base-patch16-224 of Hugging Face.
# For the models of 256 to 512 px: their directory and image_size. It has no class token.
backbone = dict(
    type='mmrice.HuggingFaceViT',
    config=dict(
        model_type='siglip_vision_model',
        hidden_size=768,
        intermediate_size=3072,
        num_hidden_layers=12,
        num_attention_heads=12,
        image_size=224,
        patch_size=16),
    out_type='featmap',
    init_cfg=dict(type='mmrice.RICEPretrained', checkpoint='checkpoints/siglip-base-patch16-224'))
width = 768
mean, std = [127.5, 127.5, 127.5], [127.5, 127.5, 127.5]
