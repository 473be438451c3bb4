# cascade-mask-rcnn_vit.py for the 1203 classes of LVIS v1: 300 detections of a score above 1e-4, as MMDetection's LVIS
# configs. A list replaces its base's, so that the three stages stand here whole.
_base_ = 'cascade-mask-rcnn_vit.py'
stage = dict(
    type='Shared2FCBBoxHead',
    in_channels=256,
    fc_out_channels=1024,
    roi_feat_size=7,
    num_classes=1203,
    reg_class_agnostic=True,
    loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0),
    loss_bbox=dict(type='SmoothL1Loss', beta=1.0, loss_weight=1.0))
coder = dict(type='DeltaXYWHBBoxCoder', target_means=[0., 0., 0., 0.])
model = dict(
    roi_head=dict(
        bbox_head=[
            dict(**stage, bbox_coder=dict(**coder, target_stds=[0.1, 0.1, 0.2, 0.2])),
            dict(**stage, bbox_coder=dict(**coder, target_stds=[0.05, 0.05, 0.1, 0.1])),
            dict(**stage, bbox_coder=dict(**coder, target_stds=[0.033, 0.033, 0.067, 0.067]))
        ],
        mask_head=dict(num_classes=1203)),
    test_cfg=dict(rcnn=dict(score_thr=1e-4, max_per_img=300)))
