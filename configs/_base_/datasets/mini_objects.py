# Objects of the mini scenes (real cut-outs composed on real photos, a synthetic composition), cut out by their boxes
# and classified, 10 classes; validation objects are other cut-outs on other photos.
# python tools/dataset_converters/prepare_mini.py
pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='mmrice.CropToBox'),
    dict(type='Resize', scale=(96, 96)),
    dict(type='PackInputs')
]
train_pipeline = [*pipeline[:-1], dict(type='RandomFlip', prob=0.5), pipeline[-1]]
train_objects = dict(
    type='mmrice.ObjectCrops',
    data_root='data/mini/scenes',
    ann_file='annotations/train.json',
    data_prefix='train',
    min_side=24)
val_objects = dict(
    type='mmrice.ObjectCrops',
    data_root='data/mini/scenes',
    ann_file='annotations/val.json',
    data_prefix='val',
    min_side=24)
bank_dataloader = dict(
    batch_size=32,
    num_workers=1,
    dataset=dict(**train_objects, pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False))
test_dataloader = dict(
    batch_size=32,
    num_workers=1,
    dataset=dict(**val_objects, pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False))
test_evaluator = dict(type='mmpretrain.Accuracy', topk=(1, 5))
test_cfg = dict(type='TestLoop')
