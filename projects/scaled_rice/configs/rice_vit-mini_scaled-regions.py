# RICE on regions of the data engine: no ground truth. Also the oracle, whose shards have true regions.
_base_ = ['_base_/pretraining.py']
num_classes = _base_.num_classes
model = dict(
    type='mmrice.RICE',
    backbone=dict(**_base_.encoder, out_type='raw'),
    neck=dict(
        type='mmrice.RegionTransformer', in_channels={{_base_.width}}, out_channels={{_base_.width}},
        num_heads={{_base_.num_heads}}, patch_size={{_base_.patch}}),
    head=dict(  # for hundreds of classes, and for words that can hardly be read: see docs/scaled_rice.md
        type='mmrice.ClusterDiscriminationHead',
        embed_dims={{_base_.width}},
        scale=15.,
        margin=0.,
        sample_ratio=1.,
        object=dict(num_classes=num_classes['object']),
        ocr=dict(num_classes=num_classes['ocr'], loss_weight=0.1)))
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
