# Cascade R-CNN on a plain ViT: as cascade-mask-rcnn_vit.py without masks, for data that has boxes only. A list replaces
# its base's, so that the three stages stand here whole; num_classes is filled in for each sub-dataset.
_base_ = 'mmdet::_base_/models/cascade-rcnn_r50_fpn.py'
stage = dict(
    type='Shared2FCBBoxHead',
    in_channels=256,
    fc_out_channels=1024,
    roi_feat_size=7,
    num_classes=1,
    reg_class_agnostic=True,
    loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0),
    loss_bbox=dict(type='SmoothL1Loss', beta=1.0, loss_weight=1.0))
coder = dict(type='DeltaXYWHBBoxCoder', target_means=[0., 0., 0., 0.])
model = dict(
    data_preprocessor=dict(pad_size_divisor=64),
    backbone=dict(_delete_=True, type='mmrice.RICEViT'),
    neck=dict(_delete_=True, type='mmrice.SimpleFeaturePyramid', in_channels=768),
    roi_head=dict(
        bbox_head=[
            dict(**stage, bbox_coder=dict(**coder, target_stds=[0.1, 0.1, 0.2, 0.2])),
            dict(**stage, bbox_coder=dict(**coder, target_stds=[0.05, 0.05, 0.1, 0.1])),
            dict(**stage, bbox_coder=dict(**coder, target_stds=[0.033, 0.033, 0.067, 0.067]))
        ]))
