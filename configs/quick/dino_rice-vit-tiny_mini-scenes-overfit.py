# DINO on a ViT-Tiny/8 with random weights and a simple pyramid, at a fraction of its width and depth: overfits four
# mini-scenes (synthetic compositions) at 128 px and is measured on them.
# Measured on those four training images, one run on one core of a busy CPU: box AP50 100.0, box AP 100.0; 4 minutes.
_base_ = ['../_base_/models/dino_vit.py', '../_base_/backbones/rice_vit-tiny.py']
classes = ('person', 'pet', 'bird', 'vehicle', 'chair', 'container', 'package', 'fruit', 'coin', 'text')
max_iters = 400
attention = dict(embed_dims=64, num_heads=4)
ffn = dict(embed_dims=64, feedforward_channels=256)
model = dict(
    data_preprocessor=dict(mean={{_base_.mean}}, std={{_base_.std}}),
    num_queries=30,
    backbone=dict(_delete_=True, type='mmrice.RICEViT', arch='tiny', patch_size=8, out_type='featmap'),
    neck=dict(in_channels={{_base_.width}}, out_channels=64),
    encoder=dict(num_layers=1, layer_cfg=dict(self_attn_cfg=attention, ffn_cfg=ffn)),
    decoder=dict(
        num_layers=3, layer_cfg=dict(self_attn_cfg=attention, cross_attn_cfg=attention, ffn_cfg=ffn)),
    positional_encoding=dict(num_feats=32),
    bbox_head=dict(num_classes=len(classes), embed_dims=64),
    dn_cfg=dict(group_cfg=dict(num_dn_queries=20)),
    test_cfg=dict(max_per_img=30))
data = dict(
    metainfo=dict(classes=classes),
    data_root='data/mini/scenes/',
    ann_file='annotations/train.json',
    data_prefix=dict(img='train/'),
    indices=4)
steps = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='Resize', scale=(128, 128)),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'instances'))
]
train_dataloader = dict(
    batch_size=4, num_workers=1, batch_sampler=None, sampler=dict(_delete_=True, type='InfiniteSampler'),
    dataset=dict(**data, pipeline=steps))
val_dataloader = dict(  # boxes are measured at the size of the file
    num_workers=1, dataset=dict(**data, pipeline=[steps[0], steps[2], steps[1], steps[3]]))
test_dataloader = val_dataloader
val_evaluator = dict(_delete_=True, type='mmrice.CocoMetric')
test_evaluator = val_evaluator
optim_wrapper = dict(
    optimizer=dict(lr=1e-3), clip_grad=dict(max_norm=1.0),
    paramwise_cfg=dict(_delete_=True, custom_keys=dict(sampling_offsets=dict(lr_mult=0.1))))
param_scheduler = [dict(type='PolyLR', power=1.0, by_epoch=False, begin=0, end=max_iters)]
train_cfg = dict(_delete_=True, type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters)
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=max_iters), logger=dict(interval=10))
log_processor = dict(by_epoch=False)
auto_scale_lr = dict(base_batch_size=4)
randomness = dict(seed=0)
