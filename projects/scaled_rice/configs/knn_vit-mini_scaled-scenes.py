# kNN of the things of composed scenes cut out by their boxes, as images: the class token, 10 classes. Nothing is
# trained. The first thousand things of each part.
_base_ = ['_base_/encoder.py', '../../../configs/_base_/models/knn.py', 'mmpretrain::_base_/default_runtime.py']
data_preprocessor = dict(mean={{_base_.mean}}, std={{_base_.std}}, to_rgb=True)
steps = [
    dict(type='LoadImageFromFile'),
    dict(type='mmrice.CropToBox'),
    dict(type='Resize', scale=(_base_.side, _base_.side)),
    dict(type='PackInputs')
]
data = dict(type='mmrice.ObjectCrops', data_root=_base_.root, min_side=24, indices=1000, pipeline=steps)
loader = dict(batch_size=64, num_workers=_base_.num_workers, sampler=dict(type='DefaultSampler', shuffle=False))
train, val = 'probes/scenes/train', 'probes/scenes/val'
model = dict(
    backbone={{_base_.dense}},
    prototype=dict(**loader, dataset=dict(**data, ann_file='splits/bank.json', data_prefix=train)),
    num_classes=10)
test_dataloader = dict(
    **loader,
    dataset=dict(
        type='mmdet.ConcatDataset',
        datasets=[
            dict(**data, ann_file='splits/seen.json', data_prefix=train),
            dict(**data, ann_file='splits/unseen.json', data_prefix=val)
        ]))
measure = dict(type='mmpretrain.Accuracy', topk=(1, ))
test_evaluator = dict(
    type='mmdet.MultiDatasetsEvaluator', metrics=[measure, measure], dataset_prefixes=['seen', 'unseen'])
test_cfg = dict(type='TestLoop')
