# Cascade Mask R-CNN on a ViT-Tiny/8 with random weights and the RICE paper's pooled pyramid, the heads of its frozen
# probe at a fraction of their width: overfits four mini-scenes (synthetic compositions) at 128 px and is measured on
# them.
# Measured on those four training images, one run on one core of a busy CPU: box AP50 100.0, mask AP50 97.2 (box AP
# 100.0, mask AP 74.4); 9 minutes.
_base_ = ['mask-rcnn_rice-vit-tiny-pool_mini-scenes-overfit.py']
stages = ((0.5, 1), (0.6, 2), (0.7, 3))  # IoU from which a proposal is foreground, by how much finer its targets are
model = dict(
    type='mmdet.CascadeRCNN',
    roi_head=dict(
        type='mmdet.CascadeRoIHead',
        num_stages=3,
        stage_loss_weights=[1, 0.5, 0.25],
        bbox_head=[
            dict(
                type='mmdet.Shared2FCBBoxHead',
                in_channels=64,
                fc_out_channels=256,
                roi_feat_size=7,
                num_classes=10,
                reg_class_agnostic=True,
                bbox_coder=dict(
                    type='mmdet.DeltaXYWHBBoxCoder',
                    target_means=[0., 0., 0., 0.],
                    target_stds=[0.1 / finer, 0.1 / finer, 0.2 / finer, 0.2 / finer]),
                loss_cls=dict(type='mmdet.CrossEntropyLoss'),
                loss_bbox=dict(type='mmdet.SmoothL1Loss')) for _, finer in stages
        ]),
    train_cfg=dict(
        rcnn=[
            dict(
                assigner=dict(
                    type='mmdet.MaxIoUAssigner', pos_iou_thr=iou, neg_iou_thr=iou, min_pos_iou=iou, ignore_iof_thr=-1),
                sampler=dict(
                    type='mmdet.RandomSampler', num=128, pos_fraction=0.25, neg_pos_ub=-1, add_gt_as_proposals=True),
                mask_size=28,
                pos_weight=-1,
                debug=False) for iou, _ in stages
        ]))
