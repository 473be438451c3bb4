# True boxes of COCO 2017 val to be named: whole images in a frame of 224 px. Boxes stay in pixels of the stored image.
# Accuracy of boxes, its mean over classes, and the AP of true boxes. Crowds are no boxes to be named.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='mmrice.Letterbox', scale=(224, 224)),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'pad_offset'))
]
test_dataloader = dict(
    batch_size=32,
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='CocoDataset',
        data_root='data/coco/',
        ann_file='annotations/instances_val2017.json',
        data_prefix=dict(img='val2017/'),
        test_mode=True,
        pipeline=test_pipeline))
test_evaluator = [
    dict(type='mmrice.RegionRecognition'),
    dict(
        type='mmrice.CocoMetric', ann_file='data/coco/annotations/instances_val2017.json', metric='bbox',
        prefix='coco_true_boxes')
]
test_cfg = dict(type='TestLoop')
custom_hooks = [dict(type='mmrice.DatasetClassesHook')]
