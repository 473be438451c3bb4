# MLCD ViT-Large/14 as a dense encoder: RICE's architecture with the weights of configs/mlcd.
_base_ = 'rice_vit-large-p14.py'
backbone = dict(init_cfg=dict(checkpoint='checkpoints/mlcd_vit-large-p14.pth'))
