# Faster R-CNN on composed scenes, encoder and simple pyramid trained along.
_base_ = ['_base_/faster-rcnn.py']
model = dict(
    backbone=dict(_delete_=True, **_base_.dense), neck=dict(in_channels={{_base_.width}}))
