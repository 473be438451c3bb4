# Phrases for boxes and captions of the mini-scenes (synthetic compositions): whole images in a frame of 192 px. Boxes
# stay in pixels of the stored image. Phrases say where in the image a thing is.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='mmrice.Letterbox', scale=(192, 192)),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'pad_offset', 'phrases', 'captions'))
]
test_dataloader = dict(
    batch_size=8,
    num_workers=1,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmrice.RegionTextFile',
        data_root='data/mini/scenes/',
        ann_file='text/val.jsonl',
        data_prefix=dict(img='val/'),
        test_mode=True,
        pipeline=test_pipeline))
test_evaluator = [
    dict(type='mmrice.RegionTextRetrieval'), dict(type='mmrice.ImageTextRetrieval'), dict(type='mmrice.BoxAccuracy')
]
test_cfg = dict(type='TestLoop')
