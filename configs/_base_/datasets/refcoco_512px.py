# RefCOCO (UNC's split), images resized to 512 x 512 px. Up to 8 expressions an image and iteration; no flips, which
# would turn left into right. All expressions are measured, as LISA does; MMDetection's own configs measure the first of
# each object. The test split is testA; for the other: --cfg-options test_dataloader.dataset.split=testB.
_base_ = 'mmdet::_base_/datasets/refcoco.py'
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='mmrice.SampleExpressions', num_expressions=8),
    dict(type='LoadAnnotations', with_mask=True, with_bbox=False, with_label=False),
    dict(type='Resize', scale=(512, 512), keep_ratio=False),
    dict(
        type='PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'text'))
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(512, 512), keep_ratio=False),
    dict(type='LoadAnnotations', with_mask=True, with_bbox=False, with_label=False),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'gt_masks', 'text'))
]
train_dataloader = dict(
    batch_size=2,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='RefCocoDataset',
        data_root='data/coco/',
        data_prefix=dict(img_path='train2014/'),
        ann_file='refcoco/instances.json',
        split_file='refcoco/refs(unc).p',
        split='train',
        text_mode='original',
        pipeline=train_pipeline))
val_dataloader = dict(num_workers=4, dataset=dict(text_mode='original', pipeline=test_pipeline))
test_dataloader = dict(num_workers=4, dataset=dict(text_mode='original', pipeline=test_pipeline))
