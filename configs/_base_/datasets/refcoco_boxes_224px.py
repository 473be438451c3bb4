# Boxes for the expressions of RefCOCO (UNC's split, testA), images of COCO 2014 in a frame of 224 px; the boxes are
# those of the masks. For the other test split: --cfg-options test_dataloader.dataset.split=testB.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='mmrice.Letterbox', scale=(224, 224)),
    dict(type='LoadAnnotations', with_mask=True, with_bbox=False, with_label=False),
    dict(type='mmrice.BoxesOfMasks'),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'pad_offset', 'text'))
]
test_dataloader = dict(
    batch_size=32,
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='RefCocoDataset',
        data_root='data/coco/',
        data_prefix=dict(img_path='train2014/'),
        ann_file='refcoco/instances.json',
        split_file='refcoco/refs(unc).p',
        split='testA',
        text_mode='original',
        pipeline=test_pipeline))
test_evaluator = dict(type='mmrice.BoxAccuracy')
test_cfg = dict(type='TestLoop')
