# MLCD on the same images as RICE, as many of them: each has the 4 nearest of 64 clusters of whole images.
_base_ = ['_base_/pretraining.py', '../../../configs/_base_/datasets/mini_images.py']
model = dict(
    type='mmrice.MLCD',
    backbone=dict(**_base_.encoder, out_type='cls_token'),
    neck=dict(type='LinearNeck', in_channels={{_base_.width}}, out_channels={{_base_.width}}, norm_cfg=None),
    head=dict(
        type='mmrice.ClusterDiscriminationHead', embed_dims={{_base_.width}}, scale=30., margin=0., sample_ratio=1.,
        image=dict(num_classes=64)))
train_pipeline = _base_.train_pipeline
train_pipeline[1].scale = (128, 128)
train_dataloader = dict(
    batch_size=64, dataset=dict(data_root='data/transfer_table/images', pipeline=train_pipeline))
