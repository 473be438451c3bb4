# Faster R-CNN on ViT-Tiny/16 and a simple feature pyramid; strides 8 to 64 and narrow heads, for a CPU.
_base_ = 'mmdet::_base_/models/faster-rcnn_r50_fpn.py'
model = dict(
    data_preprocessor=dict(pad_size_divisor=32),
    backbone=dict(
        _delete_=True,
        type='mmrice.RICEViT',
        arch='tiny',
        patch_size=16,
        out_type='featmap',
        init_cfg=dict(type='mmrice.RICEPretrained', checkpoint='work_dirs/rice_vit-tiny_mini/latest.pth')),
    neck=dict(
        _delete_=True, type='mmrice.SimpleFeaturePyramid', in_channels=192, out_channels=64, scales=(2, 1, 0.5)),
    rpn_head=dict(
        in_channels=64, feat_channels=64, anchor_generator=dict(scales=[4], strides=[8, 16, 32, 64])),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=64, featmap_strides=[8, 16, 32]),
        bbox_head=dict(in_channels=64, fc_out_channels=256, num_classes=1)),
    train_cfg=dict(rpn_proposal=dict(nms_pre=500, max_per_img=200), rcnn=dict(sampler=dict(num=128))),
    test_cfg=dict(rpn=dict(nms_pre=500, max_per_img=200)))
