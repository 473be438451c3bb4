# CLOC with ViT-B/16 (768 channels, 12 layers) and CLIP's text tower beside it, 512 wide.
# Stated by the paper: a Prompter of one layer and one head, corners by sinusoidal encoding, text filter 0.9, lambda 1
# times the share of images with region text. Not stated, and chosen: what the docstring of mmrice.Prompter lists, one
# temperature for both contrasts, squared distances of boxes, CLIP's tokenizer (the paper has T5's), its mean and
# standard deviation.
data_preprocessor = dict(
    mean=[122.771, 116.746, 104.094], std=[68.501, 66.632, 70.323], bgr_to_rgb=True, pad_size_divisor=16)
model = dict(
    type='mmrice.CLOC',
    data_preprocessor=data_preprocessor,
    backbone=dict(type='mmrice.RICEViT', arch='base', patch_size=16, out_type='raw', with_cp=False),
    neck=dict(type='mmrice.Prompter', in_channels=768, out_channels=512, patch_size=16),
    image_neck=dict(type='LinearNeck', in_channels=768, out_channels=512, norm_cfg=None),
    text_encoder=dict(type='mmrice.TextTransformer', arch='base', out_dims=512),
    head=dict(type='mmrice.RegionTextHead', text_filter=0.9, region_weight=1., grounding_weight=1.))
