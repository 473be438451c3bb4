# RICE ViT-Base/16 for fine-tuning at 1024 px: windows of 14 x 14 patches, four global layers (ViTDet's for 'base').
_base_ = 'rice_vit-base-p16.py'
backbone = dict(window_size=14, global_attn_indexes=[2, 5, 8, 11], drop_path_rate=0.1)
