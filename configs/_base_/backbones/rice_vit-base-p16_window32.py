# RICE ViT-Base/16 for Perception Encoder's cheap probe at 1024 px: windows of 32 x 32 patches, no global layer.
_base_ = 'rice_vit-base-p16.py'
backbone = dict(window_size=32)
