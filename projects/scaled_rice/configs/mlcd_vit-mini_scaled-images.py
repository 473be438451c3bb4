# MLCD on whole images of the same scenes, with the four nearest of their clusters as labels.
_base_ = ['_base_/pretraining.py']
model = dict(
    type='mmrice.MLCD',
    backbone=dict(**_base_.encoder, out_type='cls_token'),
    neck=dict(type='LinearNeck', in_channels={{_base_.width}}, out_channels={{_base_.width}}, norm_cfg=None),
    head=dict(
        type='mmrice.ClusterDiscriminationHead', embed_dims={{_base_.width}}, scale=15., margin=0., sample_ratio=1.,
        image=dict(num_classes=_base_.num_classes['image'])))
train_pipeline = [
    dict(type='mmrice.LoadImageFromShard'),
    dict(type='mmrice.RandomResizedRegionCrop', scale=(_base_.side, _base_.side), area=(0.5, 1.0)),
    dict(type='mmrice.RandomRegionFlip', prob=0.5),
    dict(type='mmrice.PackRegionInputs'),
]
train_dataloader = dict(
    **_base_.loader,
    dataset=dict(
        type='mmrice.RegionShardDataset', data_root=_base_.root + 'images', kinds=['image'],
        pipeline=train_pipeline))
