# RICE on regions of the data engine: no ground truth. Also the oracle, whose shards have true regions.
_base_ = ['_base_/pretraining.py']
num_classes = _base_.num_classes
model = dict(
    type='mmrice.RICE',
    backbone=dict(**_base_.encoder, out_type='raw'),
    neck=dict(
        type='mmrice.RegionTransformer', in_channels={{_base_.width}}, out_channels={{_base_.width}},
        num_heads={{_base_.num_heads}}, patch_size={{_base_.patch}}),
    head=dict(  # at hundreds of classes the paper's scale 64 and margin 0.3 keep a small ViT from learning
        type='mmrice.ClusterDiscriminationHead',
        embed_dims={{_base_.width}},
        scale=30.,
        margin=0.,
        sample_ratio=1.,
        object=dict(num_classes=num_classes['object']),
        ocr=dict(num_classes=num_classes['ocr'])))
train_pipeline = [
    dict(type='mmrice.LoadImageFromShard'),
    dict(type='mmrice.RandomResizedRegionCrop', scale=(_base_.side, _base_.side), area=(0.5, 1.0)),
    dict(type='mmrice.RandomRegionFlip', prob=0.5),
    dict(type='mmrice.SampleRegions', num_regions=10),
    dict(type='mmrice.PackRegionInputs'),
]
train_dataloader = dict(
    **_base_.loader,
    dataset=dict(
        type='mmrice.RegionShardDataset',
        data_root=_base_.root + 'regions',
        kinds=['object', 'ocr'],
        pipeline=train_pipeline))
