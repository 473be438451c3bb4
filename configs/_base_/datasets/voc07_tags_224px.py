# PASCAL VOC 2007's test images in a frame of 224 px, to be given all their classes. Average precision of MMPretrain,
# the mean over classes, without interpolation; classes of which an image has difficult objects alone are left out.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='mmrice.Letterbox', scale=(224, 224)),
    dict(
        type='PackInputs',
        meta_keys=('sample_idx', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'gt_label_difficult'))
]
test_dataloader = dict(
    batch_size=64,
    num_workers=4,
    dataset=dict(type='VOC', data_root='data/VOC2007', split='test', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False))
test_evaluator = dict(type='VOCAveragePrecision')
test_cfg = dict(type='TestLoop')
custom_hooks = [dict(type='mmrice.DatasetClassesHook')]
