# Referring segmentation on a plain ViT and a simple pyramid, strides 4 (pixels) and 16 (tokens to attend to): CLIP's
# text tower, a decoder of six layers over text and image tokens, one mask an expression.
# A config fills in `backbone`, the neck's `in_channels`, and mean and standard deviation.
# The text tower is OpenAI's of ViT-B/16, the directory openai/clip-vit-base-patch16 of Hugging Face, the same for every
# encoder that is probed; text_encoder.init_cfg=None trains it from scratch.
model = dict(
    type='mmrice.ReferringSegmentor',
    data_preprocessor=dict(type='DetDataPreprocessor', bgr_to_rgb=True, pad_mask=True, pad_size_divisor=16),
    backbone=dict(type='mmrice.RICEViT'),
    neck=dict(type='mmrice.SimpleFeaturePyramid', in_channels=768, scales=(4, 1), num_extra_levels=0),
    text_encoder=dict(
        type='mmrice.TextTransformer',
        arch='base',
        activation='quick_gelu',
        init_cfg=dict(type='mmrice.RICEPretrained', checkpoint='checkpoints/clip-vit-base-patch16')),
    mask_head=dict(type='mmrice.ReferringMaskHead', in_channels=256, text_dims=512))
