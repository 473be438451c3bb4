# UMG-CLIP on the exact captions, phrases, masks and tags of the same scenes; four regions with words and four with tags
# an image.
_base_ = ['_base_/pretraining.py', '_base_/texts.py']
dims = 128
data_root = _base_.root + 'umg'
model = dict(
    type='mmrice.UMGCLIP',
    backbone=dict(**_base_.encoder, out_type='raw'),
    image_neck=dict(type='LinearNeck', in_channels={{_base_.width}}, out_channels=dims, norm_cfg=None),
    neck=dict(type='mmrice.RoIAlignPooling', in_channels={{_base_.width}}, out_channels=dims, patch_size=_base_.patch),
    pixel_neck=dict(type='mmrice.MaskPooling', in_channels={{_base_.width}}, out_channels=dims),
    text_encoder=dict(type='mmrice.TextTransformer', arch={{_base_.text_arch}}, num_tokens=64, out_dims=dims),
    head=dict(type='mmrice.RegionTextHead', grounding_weight=0., pixel_weight=1.),
    tag_head=dict(type='mmrice.TagHead'),
    tags=dict(names=data_root + '/tag_vocab.json'))
load, resize, sample, tokenize, pack = _base_.train_pipeline
resize.scale = (_base_.side, _base_.side)
pack.meta_keys = (*pack.meta_keys, 'patch_masks')
train_pipeline = [load, resize, sample, dict(type='mmrice.PatchMasks', patch_size=_base_.patch), tokenize, pack]
train_dataloader = dict(
    **_base_.loader,
    dataset=dict(
        type='mmrice.RegionShardDataset',
        data_root=data_root,
        kinds=['text', 'caption', 'tags', 'image_tags'],
        masks=True,
        pipeline=train_pipeline))
