# Linear probe on ADE20K with a frozen RICE ViT-L/14.
# Expected: no number of RICE's is published for this; for comparison, Perception Encoder's paper has 39.4 for CLIP L/14
# (its best layer, its own probe). Not run by us.
# DINOv3's protocol, at 448 px instead of 512: the same 1,024 patches, as in its paper for patches of 14 px; windows at
# steps of 298. The augmentation is MMSegmentation's, photometric distortion included; float32 throughout.
_base_ = [
    '../_base_/models/linear_vit.py',
    '../_base_/backbones/rice_vit-large-p14.py',
    '../_base_/datasets/ade20k_448px.py',
    '../_base_/schedules/linear_probe_40k.py',
    'mmseg::_base_/default_runtime.py'
]
model = dict(
    data_preprocessor=dict(mean={{_base_.mean}}, std={{_base_.std}}, size=(448, 448), test_cfg=dict(size_divisor=14)),
    backbone=dict(_delete_=True, type='mmrice.FrozenBackbone', backbone={{_base_.backbone}}),
    decode_head=dict(in_channels={{_base_.width}}),
    test_cfg=dict(crop_size=(448, 448), stride=(298, 298)))
train_dataloader = dict(batch_size=8)
