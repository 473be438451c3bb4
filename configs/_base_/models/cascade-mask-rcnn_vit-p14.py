# Cascade Mask R-CNN on a plain ViT with patches of 14 px: strides of 3.5 to 56 px, padded by whole patches.
_base_ = 'cascade-mask-rcnn_vit.py'
model = dict(
    data_preprocessor=dict(pad_size_divisor=14),
    rpn_head=dict(anchor_generator=dict(strides=[3.5, 7, 14, 28, 56])),
    roi_head=dict(
        bbox_roi_extractor=dict(featmap_strides=[3.5, 7, 14, 28]),
        mask_roi_extractor=dict(featmap_strides=[3.5, 7, 14, 28])))
