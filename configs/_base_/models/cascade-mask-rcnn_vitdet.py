# Cascade Mask R-CNN with ViTDet's heads: two RPN convolutions, box heads of four convolutions and one layer, norms.
_base_ = 'cascade-mask-rcnn_vit.py'
norm_cfg = dict(type='mmrice.LN2d', eps=1e-6)
stage = dict(
    type='Shared4Conv1FCBBoxHead',
    in_channels=256,
    conv_out_channels=256,
    fc_out_channels=1024,
    roi_feat_size=7,
    num_classes=80,
    norm_cfg=norm_cfg,
    reg_class_agnostic=True,
    loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0),
    loss_bbox=dict(type='SmoothL1Loss', beta=1.0, loss_weight=1.0))
coder = dict(type='DeltaXYWHBBoxCoder', target_means=[0., 0., 0., 0.])
model = dict(
    rpn_head=dict(num_convs=2),
    roi_head=dict(
        bbox_head=[
            dict(**stage, bbox_coder=dict(**coder, target_stds=[0.1, 0.1, 0.2, 0.2])),
            dict(**stage, bbox_coder=dict(**coder, target_stds=[0.05, 0.05, 0.1, 0.1])),
            dict(**stage, bbox_coder=dict(**coder, target_stds=[0.033, 0.033, 0.067, 0.067]))
        ],
        mask_head=dict(norm_cfg=norm_cfg)))
