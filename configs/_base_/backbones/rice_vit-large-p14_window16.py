# RICE ViT-Large/14 for fine-tuning at 1008 px: windows of 16 x 16 patches (about the pixels of ViTDet's 14 of 16 px),
# four global layers, stochastic depth 0.4 (ViTDet's for 'large').
_base_ = 'rice_vit-large-p14.py'
backbone = dict(window_size=16, global_attn_indexes=[5, 11, 17, 23], drop_path_rate=0.4)
