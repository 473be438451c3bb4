# Panoptic segmentation of composed scenes by a small Mask2Former on the frozen encoder: 560 scenes to train on, 80 new
# compositions to measure.
_base_ = ['_base_/encoder.py', '../../../configs/quick/mask2former_rice-vit-tiny_mini-scenes.py']
model = dict(
    backbone=dict(_delete_=True, type='mmrice.FrozenBackbone', backbone={{_base_.umg.dense}}),
    neck=dict(in_channels=128))
data_root = {{_base_.umg.scenes}}
train_dataloader = dict(batch_size=8, dataset=dict(data_root=data_root, indices=560))
val_dataloader = dict(dataset=dict(data_root=data_root, indices=-80))
test_dataloader = val_dataloader
val_evaluator = [dict(type='CocoPanopticMetric', seg_prefix=f'{_base_.umg.scenes}panoptic_train/')]
test_evaluator = val_evaluator
auto_scale_lr = dict(base_batch_size=8)
