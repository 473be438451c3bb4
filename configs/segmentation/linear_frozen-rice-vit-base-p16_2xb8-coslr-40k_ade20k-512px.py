# Linear probe on ADE20K with a frozen RICE ViT-B/16.
# Expected: no number of RICE's is published for this; for comparison, DINOv3's authors state 51.8 for their ViT-B/16.
# Not run by us.
# DINOv3's protocol: last layer after the backbone's norm, no class token, crops of 512 px scaled by 0.5 to 2, 16 images
# an iteration, windows of 512 px at steps of 341. Its batch norm is over all GPUs, as here. The augmentation is
# MMSegmentation's, photometric distortion included; float32 throughout.
_base_ = [
    '../_base_/models/linear_vit.py',
    '../_base_/backbones/rice_vit-base-p16.py',
    'mmseg::_base_/datasets/ade20k.py',
    '../_base_/schedules/linear_probe_40k.py',
    'mmseg::_base_/default_runtime.py'
]
model = dict(
    data_preprocessor=dict(mean={{_base_.mean}}, std={{_base_.std}}),
    backbone=dict(_delete_=True, type='mmrice.FrozenBackbone', backbone={{_base_.backbone}}),
    decode_head=dict(in_channels={{_base_.width}}))
train_dataloader = dict(batch_size=8)
