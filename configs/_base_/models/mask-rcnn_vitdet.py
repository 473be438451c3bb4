# Mask R-CNN with ViTDet's heads: two RPN convolutions, a box head of four convolutions and one layer, layer norms.
_base_ = 'mask-rcnn_vit.py'
norm_cfg = dict(type='mmrice.LN2d', eps=1e-6)
model = dict(
    rpn_head=dict(num_convs=2),
    roi_head=dict(
        bbox_head=dict(type='Shared4Conv1FCBBoxHead', conv_out_channels=256, norm_cfg=norm_cfg),
        mask_head=dict(norm_cfg=norm_cfg)),
    train_cfg=dict(rpn_proposal=dict(nms_pre=2000, max_per_img=1000)))
