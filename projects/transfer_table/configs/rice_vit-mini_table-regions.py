# RICE on the mini regions: 64 images of 128 px an iteration, 10 regions each.
_base_ = ['_base_/pretraining.py', '../../../configs/_base_/datasets/mini_regions.py']
model = dict(
    type='mmrice.RICE',
    backbone=dict(**_base_.encoder, out_type='raw'),
    neck=dict(
        type='mmrice.RegionTransformer', in_channels={{_base_.width}}, out_channels={{_base_.width}}, num_heads=4,
        patch_size={{_base_.patch}}),
    head=dict(
        type='mmrice.ClusterDiscriminationHead',
        embed_dims={{_base_.width}},
        scale=30.,
        margin=0.,
        sample_ratio=1.,
        object=dict(num_classes=128),
        ocr=dict(num_classes=256)))
train_pipeline = _base_.train_pipeline
train_pipeline[1].scale = (128, 128)
train_dataloader = dict(
    batch_size=64, dataset=dict(data_root='data/transfer_table/regions', pipeline=train_pipeline))
