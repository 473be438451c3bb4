# UPerNet on ADE20K with a RICE ViT-B/16, all weights tuned: MMSegmentation's recipe for MAE-B, in bfloat16.
# Expected: no number of RICE's is published for this; for comparison, MMSegmentation's MAE-B: 48.1 mIoU. Not run by us.
# Layers 4, 6, 8 and 12 feed the heads; layer decay 0.65, learning rate 1e-4, stochastic depth 0.1.
_base_ = [
    '../_base_/models/upernet_vit.py',
    '../_base_/backbones/rice_vit-base-p16.py',
    'mmseg::_base_/datasets/ade20k.py',
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
