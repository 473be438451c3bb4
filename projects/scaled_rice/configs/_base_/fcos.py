# A light detection probe: the frozen map and a pyramid by pooling, as in the RICE paper's frozen probe, and a one-stage
# head in place of its Cascade Mask R-CNN, which a few hundred iterations do not train.
_base_ = ['probe.py', 'mmdet::_base_/default_runtime.py']
default_hooks = dict(
    checkpoint=dict(by_epoch=False, interval=_base_.length.iters, max_keep_ckpts=1), logger=dict(interval=50))
log_processor = dict(by_epoch=False, window_size=10)
model = dict(
    type='FCOS',
    data_preprocessor=dict(
        type='DetDataPreprocessor', mean={{_base_.mean}}, std={{_base_.std}}, bgr_to_rgb=True,
        pad_size_divisor={{_base_.patch}}),
    backbone=dict(type='mmrice.FrozenBackbone', backbone={{_base_.dense}}),
    neck=dict(type='mmrice.PoolFeaturePyramid', in_channels={{_base_.width}}, out_channels=64, scales=(2, 1, 0.5),
              num_extra_levels=0, in_norm_cfg=dict(type='BN')),
    bbox_head=dict(
        type='FCOSHead',
        num_classes=10,
        in_channels=64,
        stacked_convs=2,
        feat_channels=64,
        strides=[_base_.patch // 2, _base_.patch, 2 * _base_.patch],
        regress_ranges=((-1, 2 * _base_.patch), (2 * _base_.patch, 4 * _base_.patch), (4 * _base_.patch, 1e8)),
        norm_on_bbox=True,
        centerness_on_reg=True,
        center_sampling=True,
        norm_cfg=dict(type='GN', num_groups=8, requires_grad=True),
        loss_cls=dict(type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0),
        loss_bbox=dict(type='GIoULoss', loss_weight=1.0),
        loss_centerness=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0)),
    test_cfg=dict(
        nms_pre=300, min_bbox_size=0, score_thr=0.02, nms=dict(type='nms', iou_threshold=0.5), max_per_img=50))
