# OpenAI's CLIP ViT-Base/16 (224 px) as a dense encoder; the directory is openai/clip-vit-base-patch16 of Hugging Face.
# Other CLIPs: their directory, and hidden_act='gelu' where their config.json has it.
backbone = dict(
    type='mmrice.HuggingFaceViT',
    config=dict(
        model_type='clip_vision_model',
        hidden_size=768,
        intermediate_size=3072,
        num_hidden_layers=12,
        num_attention_heads=12,
        image_size=224,
        patch_size=16,
        hidden_act='quick_gelu'),
    out_type='featmap',
    init_cfg=dict(type='mmrice.RICEPretrained', checkpoint='checkpoints/clip-vit-base-patch16'))
width = 768
mean, std = [122.771, 116.746, 104.094], [68.501, 66.632, 70.323]
