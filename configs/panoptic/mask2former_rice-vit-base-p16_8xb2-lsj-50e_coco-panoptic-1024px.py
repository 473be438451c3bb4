# Mask2Former with a RICE ViT-B/16 and a simple pyramid, all weights tuned, COCO panoptic, 1024 px LSJ, 50 epochs.
# Expected: no number of RICE's is published for this; for comparison, MMDetection's ResNet-50: PQ 52.0. Not run by us.
# MMDetection's recipe but for ViTDet's windows, layer decay 0.7 and stochastic depth 0.1 in place of a tenth of the
# learning rate.
_base_ = ['../_base_/models/mask2former_vit.py', '../_base_/backbones/rice_vit-base-p16_window14.py']
model = dict(
    data_preprocessor=dict(mean={{_base_.mean}}, std={{_base_.std}}),
    backbone={{_base_.backbone}},
    neck=dict(in_channels={{_base_.width}}))
embed = dict(lr_mult=1.0, decay_mult=0.0)
optim_wrapper = dict(
    constructor='mmrice.LayerDecayOptimWrapperConstructor',
    paramwise_cfg=dict(
        _delete_=True,
        layer_decay_rate=0.7,
        norm_decay_mult=0.,
        custom_keys=dict(query_embed=embed, query_feat=embed, level_embed=embed)))
