# Images of COCO 2017 val in a frame of 224 px, to be given all their classes: the set of those of an image's boxes,
# crowds included. All 5,000 images count, the 48 without a box as well. Average precision, the mean over classes.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='mmrice.Letterbox', scale=(224, 224)),
    dict(type='PackInputs')
]
test_dataloader = dict(
    batch_size=64,
    num_workers=4,
    dataset=dict(
        type='mmrice.CocoTags',
        data_root='data/coco',
        ann_file='annotations/instances_val2017.json',
        data_prefix='val2017',
        pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False))
test_evaluator = dict(type='mmpretrain.AveragePrecision')
test_cfg = dict(type='TestLoop')
custom_hooks = [dict(type='mmrice.DatasetClassesHook')]
