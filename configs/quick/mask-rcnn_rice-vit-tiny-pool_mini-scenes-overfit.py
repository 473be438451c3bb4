# Mask R-CNN on a ViT-Tiny/8 with random weights and the RICE paper's pooled pyramid: overfits four mini-scenes
# (synthetic compositions) at 128 px and is measured on them.
# Measured on those four training images, one run on one core of a busy CPU: box AP50 100.0, mask AP50 100.0 (box AP
# 100.0, mask AP 78.9); 5 minutes.
_base_ = ['mask-rcnn_rice-vit-tiny_mini-scenes-overfit.py']
model = dict(neck=dict(type='mmrice.PoolFeaturePyramid', scales=(2, 1, 0.5, 0.25)))
