# MLCD with ViT-B/16: the class token, projected, against one million clusters of whole images.
# Stated by the paper: a million clusters, a tenth of them as negatives. Not stated, and chosen as for RICE: scale 64,
# margin 0.3, 1024 dims, CLIP's mean and standard deviation. The ViT is RICE's, with rotary positions; the authors'
# released ViT-B/32 and ViT-L/14 have learned absolute ones.
data_preprocessor = dict(
    mean=[122.771, 116.746, 104.094], std=[68.501, 66.632, 70.323], bgr_to_rgb=True, pad_size_divisor=16)
model = dict(
    type='mmrice.MLCD',
    data_preprocessor=data_preprocessor,
    backbone=dict(type='mmrice.RICEViT', arch='base', patch_size=16, out_type='cls_token', with_cp=False),
    neck=dict(type='LinearNeck', in_channels=768, out_channels=1024, norm_cfg=None),
    head=dict(
        type='mmrice.ClusterDiscriminationHead',
        embed_dims=1024,
        scale=64.,
        margin=0.3,
        sample_ratio=0.1,
        image=dict(num_classes=1_000_000)))
