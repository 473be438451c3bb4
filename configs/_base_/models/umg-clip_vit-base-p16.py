# UMG-CLIP with ViT-B/16 (768 channels, 12 layers) and CLIP's text tower beside it.
# Stated by the paper: levels image, region and pixel with captions and tags, regions by RoIAlign. Not read or not
# stated, and chosen: the form of every loss and its weight (1), masks by weighted means, one temperature for all
# contrasts, CLOC's filter of texts alike, CLIP's tokenizer, mean and standard deviation.
data_preprocessor = dict(
    mean=[122.771, 116.746, 104.094], std=[68.501, 66.632, 70.323], bgr_to_rgb=True, pad_size_divisor=16)
model = dict(
    type='mmrice.UMGCLIP',
    data_preprocessor=data_preprocessor,
    backbone=dict(type='mmrice.RICEViT', arch='base', patch_size=16, out_type='raw', with_cp=False),
    image_neck=dict(type='LinearNeck', in_channels=768, out_channels=512, norm_cfg=None),
    neck=dict(type='mmrice.RoIAlignPooling', in_channels=768, out_channels=512, patch_size=16),
    pixel_neck=dict(type='mmrice.MaskPooling', in_channels=768, out_channels=512),
    text_encoder=dict(type='mmrice.TextTransformer', arch='base', out_dims=512),
    head=dict(type='mmrice.RegionTextHead', grounding_weight=0., pixel_weight=1.),
    tag_head=dict(type='mmrice.TagHead', sample_ratio=0.1))
