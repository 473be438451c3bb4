# RICE with ViT-B/16 (768 channels, 12 layers), one million object clusters and OCR tokens.
# Stated by the paper: a million clusters, margin 0.3, a tenth of the classes as negatives, scale 64. From the authors'
# region code: pooling without parameters, embeddings of 1024 dims. Not stated, and chosen: CLIP's 49,408 BPE tokens as
# the OCR vocabulary, equal weights of both losses, no stochastic depth, CLIP's mean and standard deviation.
data_preprocessor = dict(
    mean=[122.771, 116.746, 104.094], std=[68.501, 66.632, 70.323], bgr_to_rgb=True, pad_size_divisor=16)
model = dict(
    type='mmrice.RICE',
    data_preprocessor=data_preprocessor,
    backbone=dict(type='mmrice.RICEViT', arch='base', patch_size=16, out_type='raw', with_cp=False),
    neck=dict(type='mmrice.RegionTransformer', in_channels=768, out_channels=1024, num_heads=12, patch_size=16),
    head=dict(
        type='mmrice.ClusterDiscriminationHead',
        embed_dims=1024,
        scale=64.,
        margin=0.3,
        sample_ratio=0.1,
        object=dict(num_classes=1_000_000),
        ocr=dict(num_classes=49_408)))
