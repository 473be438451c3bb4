# UMG-CLIP with the terms of RICE on 560 composed scenes (synthetic compositions of real pixels), 400 iterations of 16
# images, 128 px. The last 80 scenes of the same cut-outs are kept for measuring. run.py takes terms away.
_base_ = [
    '_base_/encoder.py', '../../../configs/_base_/datasets/mini_umg.py',
    '../../../configs/_base_/schedules/adamw_quick.py', '../../../configs/_base_/default_runtime.py'
]
max_iters = 400
shards = 'data/umg_table/regions'
model = dict(
    type='mmrice.UMGCLIP',
    data_preprocessor=dict(mean={{_base_.umg.mean}}, std={{_base_.umg.std}}, bgr_to_rgb=True, pad_size_divisor=8),
    backbone={{_base_.umg.backbone}},
    image_neck={{_base_.umg.image_neck}},
    neck={{_base_.umg.neck}},
    pixel_neck={{_base_.umg.pixel_neck}},
    text_encoder={{_base_.umg.text_encoder}},
    head=dict(type='mmrice.RegionTextHead', grounding_weight=0., pixel_weight=1., text_filter=None),
    tag_head=dict(type='mmrice.TagHead'),
    tags=dict(names=f'{shards}/tag_vocab.json'),
    cluster_neck=dict(type='mmrice.RegionTransformer', in_channels=128, out_channels=128, num_heads=4, patch_size=8),
    cluster_head=dict(
        type='mmrice.ClusterDiscriminationHead',
        embed_dims=128,
        scale=30.,
        margin=0.,
        sample_ratio=1.,
        object=dict(num_classes=128),
        ocr=dict(num_classes=256)))
_base_.train_pipeline[1].scale = (128, 128)
_base_.train_pipeline[3].patch_size = 8
train_dataloader = dict(
    dataset=dict(
        data_root=shards,
        kinds=['text', 'caption', 'tags', 'image_tags', 'object', 'ocr'],
        num_classes=dict(object=128, ocr=256),
        pipeline={{_base_.train_pipeline}},
        indices=560))
train_cfg = dict(_delete_=True, type='IterBasedTrainLoop', max_iters=max_iters)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=40),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=40, end=max_iters, eta_min=0.)
]
default_hooks = dict(checkpoint=dict(interval=max_iters))
auto_scale_lr = dict(base_batch_size=16)
