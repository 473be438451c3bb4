# Detection of trees in real aerial photos on a frozen encoder, half as many images an iteration, since they are larger;
# validation photos are others.
_base_ = ['_base_/fcos.py', '../../../configs/_base_/datasets/mini_trees_detection.py']
scale = (_base_.tree_side, _base_.tree_side)
model = dict(bbox_head=dict(num_classes=1))
train_pipeline, test_pipeline = _base_.train_pipeline, _base_.test_pipeline
train_pipeline[2].scale = scale
test_pipeline = [test_pipeline[0], dict(type='mmdet.Resize', scale=scale), test_pipeline[1], test_pipeline[3]]
train_dataloader = dict(
    batch_size=_base_.length.batch // 2,
    num_workers={{_base_.num_workers}},
    persistent_workers=_base_.num_workers > 0,
    dataset=dict(data_root=_base_.root + 'probes/trees/', pipeline=train_pipeline))
test_dataloader = dict(
    batch_size=8,
    num_workers={{_base_.num_workers}},
    dataset=dict(data_root=_base_.root + 'probes/trees/', pipeline=test_pipeline))
auto_scale_lr = dict(base_batch_size=_base_.length.batch // 2)
val_dataloader, val_cfg, val_evaluator = None, None, None
test_evaluator = dict(
    _delete_=True, type='mmrice.CocoMetric', metric='bbox',
    ann_file=_base_.root + 'probes/trees/annotations/val.json')
