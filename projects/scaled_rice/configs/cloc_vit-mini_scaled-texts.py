# CLOC on the exact captions of the same scenes and phrases without places; four regions with words an image.
_base_ = ['_base_/pretraining.py', '_base_/texts.py']
dims = 128
model = dict(
    type='mmrice.CLOC',
    backbone=dict(**_base_.encoder, out_type='raw'),
    neck=dict(type='mmrice.Prompter', in_channels={{_base_.width}}, out_channels=dims, patch_size={{_base_.patch}}),
    image_neck=dict(type='LinearNeck', in_channels={{_base_.width}}, out_channels=dims, norm_cfg=None),
    text_encoder=dict(type='mmrice.TextTransformer', arch={{_base_.text_arch}}, num_tokens=64, out_dims=dims),
    head=dict(type='mmrice.RegionTextHead'))
train_pipeline = _base_.train_pipeline
train_pipeline[1].scale = (_base_.side, _base_.side)
train_dataloader = dict(
    **_base_.loader,
    dataset=dict(
        type='mmrice.RegionShardDataset',
        data_root=_base_.root + 'phrases',
        kinds=['text', 'caption'],
        pipeline=train_pipeline))
