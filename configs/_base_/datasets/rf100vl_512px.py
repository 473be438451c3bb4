# One sub-dataset of Roboflow100(-VL) in Roboflow's COCO export, boxes only, images inside 512 x 512 px.
# tools/misc/run_rf100vl.py fills in data_root, classes and the heads' num_classes of each sub-dataset.
_base_ = 'mmdet::_base_/datasets/coco_detection.py'
data_root = 'data/rf100vl/aerial-cows/'
metainfo = dict(classes=('cow', ))
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='Resize', scale=(512, 512), keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs')
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(512, 512), keep_ratio=True),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'))
]
train_dataloader = dict(
    num_workers=4,
    dataset=dict(
        data_root=data_root, metainfo=metainfo, ann_file='train/_annotations.coco.json', pipeline=train_pipeline,
        data_prefix=dict(img='train/'), filter_cfg=dict(filter_empty_gt=True, min_size=0)))
val_dataloader = dict(
    num_workers=4,
    dataset=dict(
        data_root=data_root, metainfo=metainfo, ann_file='valid/_annotations.coco.json', pipeline=test_pipeline,
        data_prefix=dict(img='valid/')))
test_dataloader = dict(
    num_workers=4,
    dataset=dict(
        data_root=data_root, metainfo=metainfo, ann_file='test/_annotations.coco.json', pipeline=test_pipeline,
        data_prefix=dict(img='test/')))
val_evaluator = dict(type='mmrice.CocoMetric', ann_file=data_root + 'valid/_annotations.coco.json')
test_evaluator = dict(type='mmrice.CocoMetric', ann_file=data_root + 'test/_annotations.coco.json')
