# UMG-CLIP with ViT-L/14 (1024 channels, 24 layers) and CLIP's text tower beside it, 768 wide; all else as with
# ViT-B/16. Layers are recomputed in the backward pass.
_base_ = ['umg-clip_vit-base-p16.py']
data_preprocessor = dict(pad_size_divisor=14)
model = dict(
    data_preprocessor=dict(pad_size_divisor=14),
    backbone=dict(arch='large', patch_size=14, with_cp=True),
    image_neck=dict(in_channels=1024, out_channels=768),
    neck=dict(in_channels=1024, out_channels=768, patch_size=14),
    pixel_neck=dict(in_channels=1024, out_channels=768),
    text_encoder=dict(arch='large', out_dims=768))
