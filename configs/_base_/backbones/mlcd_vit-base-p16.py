# MLCD ViT-Base/16 as a dense encoder: RICE's architecture with the weights of configs/mlcd.
_base_ = 'rice_vit-base-p16.py'
backbone = dict(init_cfg=dict(checkpoint='checkpoints/mlcd_vit-base-p16.pth'))
