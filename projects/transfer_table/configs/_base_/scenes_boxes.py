# Composed scenes of 128 px as boxes: 400 to train on, 80 held out, as in scenes_semantic.py.
_base_ = ['../../../../configs/_base_/datasets/mini_scenes_instance.py']
data_root = 'data/transfer_table/scenes/'
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='mmdet.LoadAnnotations', with_bbox=True),
    dict(type='mmdet.RandomFlip', prob=0.5),
    dict(type='mmdet.PackDetInputs')
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='mmdet.Resize', scale=(128, 128), keep_ratio=True),
    dict(type='mmdet.LoadAnnotations', with_bbox=True),
    dict(type='mmdet.PackDetInputs',
         meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'instances'))
]
train_dataloader = dict(batch_size=16, dataset=dict(data_root=data_root, indices=400, pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(
        data_root=data_root, indices=-80, ann_file='annotations/train.json', data_prefix=dict(img='train/'),
        pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(_delete_=True, type='mmrice.CocoMetric', metric='bbox')
test_evaluator = val_evaluator
