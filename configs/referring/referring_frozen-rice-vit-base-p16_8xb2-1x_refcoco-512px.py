# Referring segmentation on RefCOCO with a frozen RICE ViT-B/16: a light probe of this project. The idea of a decoder of
# six layers on frozen tokens is SigLIP 2's (its Table 5, boxes); everything else is chosen here.
# Expected: no number is published for this probe, and we have run it at reduced size only. The RICE paper's referring
# numbers (Table 2; RefCOCO val 83.5) are of an MLLM of 7B parameters with SAM (LISA's protocol): not comparable.
_base_ = [
    '../_base_/models/referring_vit.py',
    '../_base_/backbones/rice_vit-base-p16.py',
    '../_base_/datasets/refcoco_512px.py',
    '../_base_/schedules/adamw_1x.py',
    'mmdet::_base_/default_runtime.py'
]
model = dict(
    data_preprocessor=dict(mean={{_base_.mean}}, std={{_base_.std}}),
    backbone=dict(_delete_=True, type='mmrice.FrozenBackbone', backbone={{_base_.backbone}}),
    neck=dict(in_channels={{_base_.width}}))
optim_wrapper = dict(
    clip_grad=dict(max_norm=1.0), paramwise_cfg=dict(custom_keys=dict(text_encoder=dict(lr_mult=0.1))))
