# True boxes of the mini-scenes (synthetic compositions) to be named: whole images in a frame of 192 px. Boxes stay in
# pixels of the stored image.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='mmrice.Letterbox', scale=(192, 192)),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'pad_offset'))
]
test_dataloader = dict(
    batch_size=8,
    num_workers=1,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='CocoDataset',
        metainfo=dict(
            classes=('person', 'pet', 'bird', 'vehicle', 'chair', 'container', 'package', 'fruit', 'coin', 'text')),
        data_root='data/mini/scenes/',
        ann_file='annotations/val.json',
        data_prefix=dict(img='val/'),
        test_mode=True,
        pipeline=test_pipeline))
test_evaluator = [
    dict(type='mmrice.RegionRecognition'),
    dict(
        type='mmrice.CocoMetric', ann_file='data/mini/scenes/annotations/val.json', metric='bbox',
        prefix='coco_true_boxes')
]
test_cfg = dict(type='TestLoop')
custom_hooks = [dict(type='mmrice.DatasetClassesHook')]
