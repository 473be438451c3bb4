# UPerNet on ADE20K with a RICE ViT-L/14, all weights tuned, at 448 px: as many patches as 512 px have of 16 px.
# Expected: no number of RICE's is published for this. Not run by us.
# As for 'base'; layers 8, 12, 16 and 24 (BEiT-L's) feed the heads. Chosen, as for ViTDet's 'large': layer decay 0.8.
_base_ = [
    '../_base_/models/upernet_vit-large.py',
    '../_base_/backbones/rice_vit-large-p14.py',
    '../_base_/datasets/ade20k_448px.py',
    '../_base_/schedules/upernet_160k.py',
    'mmseg::_base_/default_runtime.py'
]
model = dict(
    data_preprocessor=dict(mean={{_base_.mean}}, std={{_base_.std}}),
    backbone={{_base_.backbone}},
    neck=dict(embed_dim={{_base_.width}}),
    decode_head=dict(in_channels=[{{_base_.width}}, {{_base_.width}}, {{_base_.width}}, {{_base_.width}}]),
    auxiliary_head=dict(in_channels={{_base_.width}}))
train_dataloader = dict(batch_size=2)
optim_wrapper = dict(paramwise_cfg=dict(layer_decay_rate=0.8))
