# Captions of COCO 2017 val, 5,000 images with some five each, in a frame of 224 px. Most papers measure the 5,000 test
# images of Karpathy's split of COCO 2014, which are others.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='mmrice.Letterbox', scale=(224, 224)),
    dict(
        type='mmdet.PackDetInputs',
        meta_keys=('img_path', 'ori_shape', 'img_shape', 'scale_factor', 'pad_offset', 'text'))
]
test_dataloader = dict(
    batch_size=32,
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmpretrain.COCORetrieval',
        data_root='data/coco/',
        ann_file='annotations/captions_val2017.json',
        test_mode=True,
        pipeline=test_pipeline))
test_evaluator = dict(type='mmrice.ImageTextRetrieval')
test_cfg = dict(type='TestLoop')
