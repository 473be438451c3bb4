# The linear segmentation with the encoder adapted by a few parameters: LoRA, or what run.py puts in its place.
_base_ = ['linear_umg-clip-vit-mini_umg-table.py']
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmrice.AdaptedBackbone',
        backbone={{_base_.umg.dense}},
        tunings=[dict(type='mmrice.LoRA')]))
