# MLCD with ViT-L/14; all else as with ViT-B/16. Layers are recomputed in the backward pass to save memory.
_base_ = ['mlcd_vit-base-p16.py']
data_preprocessor = dict(pad_size_divisor=14)
model = dict(
    data_preprocessor=dict(pad_size_divisor=14),
    backbone=dict(arch='large', patch_size=14, with_cp=True),
    neck=dict(in_channels=1024))
