# RICE with ViT-L/14 (1024 channels, 24 layers); all else as with ViT-B/16. Layers are recomputed in the backward pass:
# kept, those of 512 images of 224 px would take 120 GiB.
_base_ = ['rice_vit-base-p16.py']
data_preprocessor = dict(pad_size_divisor=14)
model = dict(
    data_preprocessor=dict(pad_size_divisor=14),
    backbone=dict(arch='large', patch_size=14, with_cp=True),
    neck=dict(in_channels=1024, num_heads=16, patch_size=14))
