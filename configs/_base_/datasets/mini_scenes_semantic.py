# Mini scenes (real cut-outs composed on real photos, a synthetic composition) as label maps, 10 things and 7 stuffs.
# python tools/dataset_converters/prepare_mini.py
metainfo = dict(
    classes=('person', 'pet', 'bird', 'vehicle', 'chair', 'container', 'package', 'fruit', 'coin', 'text', 'sky',
             'grass', 'gravel', 'brick', 'forest', 'rock', 'wood'),
    palette=[[220, 20, 60], [255, 127, 14], [148, 103, 189], [31, 119, 180], [227, 119, 194], [23, 190, 207],
             [188, 189, 34], [214, 39, 40], [199, 199, 199], [255, 255, 102], [135, 206, 235], [124, 252, 0],
             [128, 128, 128], [178, 34, 34], [0, 100, 0], [105, 105, 150], [139, 69, 19]])
data_root = 'data/mini/scenes/'
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='mmseg.LoadAnnotations'),
    dict(type='RandomFlip', prob=0.5),
    dict(type='mmseg.PackSegInputs')
]
test_pipeline = [dict(type='LoadImageFromFile'), dict(type='mmseg.LoadAnnotations'), dict(type='mmseg.PackSegInputs')]
dataset = dict(
    type='mmseg.BaseSegDataset', metainfo=metainfo, data_root=data_root, img_suffix='.jpg', seg_map_suffix='.png')
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        **dataset, data_prefix=dict(img_path='train', seg_map_path='seg/train'), pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(**dataset, data_prefix=dict(img_path='val', seg_map_path='seg/val'), pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='mmseg.IoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
