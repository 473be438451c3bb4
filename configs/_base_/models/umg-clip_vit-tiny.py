# UMG-CLIP with ViT-Tiny/16 (192 channels, 6 layers), a text tower of two layers and CLIP's vocabulary, for small
# experiments: texts and tags of images, regions and masks. The paper has no such size. Clusters: cluster_head.
width, dims = 192, 128
data_preprocessor = dict(
    mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True, pad_size_divisor=16)
model = dict(
    type='mmrice.UMGCLIP',
    data_preprocessor=data_preprocessor,
    backbone=dict(type='mmrice.RICEViT', arch='tiny', patch_size=16, out_type='raw'),
    image_neck=dict(type='LinearNeck', in_channels=width, out_channels=dims, norm_cfg=None),
    neck=dict(type='mmrice.RoIAlignPooling', in_channels=width, out_channels=dims, patch_size=16),
    pixel_neck=dict(type='mmrice.MaskPooling', in_channels=width, out_channels=dims),
    text_encoder=dict(type='mmrice.TextTransformer', arch='tiny', num_tokens=32, out_dims=dims),
    head=dict(type='mmrice.RegionTextHead', grounding_weight=0., pixel_weight=1.),
    tag_head=dict(type='mmrice.TagHead'))
