# Faster R-CNN of composed scenes on a frozen encoder and a pyramid by pooling (the RICE paper's probe has the same
# pyramid and a Cascade Mask R-CNN).
_base_ = ['_base_/faster-rcnn.py']
model = dict(
    backbone=dict(_delete_=True, type='mmrice.FrozenBackbone', backbone={{_base_.dense}}),
    neck=dict(_delete_=True, type='mmrice.PoolFeaturePyramid', in_channels={{_base_.width}}, out_channels=64,
              scales=(2, 1, 0.5, 0.25)))
