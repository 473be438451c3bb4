# Mask2Former (MMDetection's, COCO panoptic, 50 epochs) on a plain ViT and ViTDet's simple pyramid, strides 4 to 32. The
# pyramid is the adapter: it needs the last map alone, so any encoder fits, and a frozen one is run once without
# gradients. DINOv3's ViT-Adapter is a second network beside the encoder, tuned to its layers, and not used.
# A config fills in `backbone`, the neck's `in_channels`, and mean and standard deviation.
_base_ = 'mmdet::mask2former/mask2former_r50_8xb2-lsj-50e_coco-panoptic.py'
model = dict(
    backbone=dict(_delete_=True, type='mmrice.RICEViT'),
    neck=dict(type='mmrice.SimpleFeaturePyramid', in_channels=768, num_extra_levels=0),
    panoptic_head=dict(in_channels=[256, 256, 256, 256]))
train_dataloader = dict(num_workers=8)
val_evaluator = [
    dict(
        type='CocoPanopticMetric',
        ann_file='data/coco/annotations/panoptic_val2017.json',
        seg_prefix='data/coco/annotations/panoptic_val2017/'),
    dict(type='mmrice.CocoMetric', ann_file='data/coco/annotations/instances_val2017.json', metric=['bbox', 'segm'])
]
test_evaluator = val_evaluator
param_scheduler = [
    dict(type='MultiStepLR', begin=0, end=368_750, by_epoch=False, milestones=[327_778, 355_092], gamma=0.1)
]
