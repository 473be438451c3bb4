# The linear segmentation with the encoder frozen.
_base_ = ['linear_umg-clip-vit-mini_umg-table.py']
model = dict(backbone=dict(_delete_=True, type='mmrice.FrozenBackbone', backbone={{_base_.umg.dense}}))
