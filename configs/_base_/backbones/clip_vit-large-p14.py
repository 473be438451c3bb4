# OpenAI's CLIP ViT-Large/14 (224 px) as a dense encoder; the directory is openai/clip-vit-large-patch14 of Hugging
# Face. For the model of 336 px: its directory and image_size=336.
backbone = dict(
    type='mmrice.HuggingFaceViT',
    config=dict(
        model_type='clip_vision_model',
        hidden_size=1024,
        intermediate_size=4096,
        num_hidden_layers=24,
        num_attention_heads=16,
        image_size=224,
        patch_size=14,
        hidden_act='quick_gelu'),
    out_type='featmap',
    init_cfg=dict(type='mmrice.RICEPretrained', checkpoint='checkpoints/clip-vit-large-patch14'))
width = 1024
mean, std = [122.771, 116.746, 104.094], [68.501, 66.632, 70.323]
