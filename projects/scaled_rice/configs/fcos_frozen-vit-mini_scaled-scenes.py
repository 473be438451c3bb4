# Detection of the things of composed scenes, 10 classes, on a frozen encoder; tested on new scenes of the same cut-outs
# (seen) and of others (unseen).
_base_ = ['_base_/fcos.py', '../../../configs/_base_/datasets/mini_scenes_instance.py']
load, boxes = dict(type='LoadImageFromFile'), dict(type='mmdet.LoadAnnotations', with_bbox=True)
resize = dict(type='mmdet.Resize', scale=(_base_.side, _base_.side))
pack = dict(
    type='mmdet.PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'instances'))
flip = dict(type='mmdet.RandomFlip', prob=0.5)
data = dict(type='mmdet.CocoDataset', metainfo=_base_.metainfo, data_root=_base_.root)
train, val = dict(img='probes/scenes/train/'), dict(img='probes/scenes/val/')
tests = dict(test_mode=True, pipeline=[load, resize, boxes, pack])
train_dataloader = dict(
    _delete_=True,
    batch_size=_base_.length.batch,
    num_workers={{_base_.num_workers}},
    persistent_workers=_base_.num_workers > 0,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        **data, data_prefix=train, ann_file='splits/bank.json', pipeline=[load, boxes, resize, flip, pack]))
test_dataloader = dict(
    batch_size=16,
    num_workers={{_base_.num_workers}},
    dataset=dict(
        _delete_=True,
        type='mmdet.ConcatDataset',
        datasets=[
            dict(**data, data_prefix=train, ann_file='splits/seen.json', **tests),
            dict(**data, data_prefix=val, ann_file='splits/unseen.json', **tests)
        ]))
val_dataloader, val_cfg, val_evaluator = None, None, None
measures = [
    dict(type='mmrice.CocoMetric', metric='bbox', ann_file=f'{_base_.root}splits/{split}.json')
    for split in ('seen', 'unseen')
]
test_evaluator = dict(
    _delete_=True, type='MultiDatasetsEvaluator', metrics=measures, dataset_prefixes=['seen', 'unseen'])
