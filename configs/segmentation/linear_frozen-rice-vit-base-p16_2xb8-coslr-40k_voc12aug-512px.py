# Linear probe on PASCAL VOC 2012 and its augmented set (10,582 images) with a frozen RICE ViT-B/16.
# Expected: no number of RICE's is published for this. Not run by us.
# As on ADE20K: crops of 512 px of images scaled by 0.5 to 2 from a short side of 512, 16 an iteration for 40,000,
# windows of 512 px at steps of 341.
_base_ = [
    '../_base_/models/linear_vit.py',
    '../_base_/backbones/rice_vit-base-p16.py',
    'mmseg::_base_/datasets/pascal_voc12_aug.py',
    '../_base_/schedules/linear_probe_40k.py',
    'mmseg::_base_/default_runtime.py'
]
model = dict(
    data_preprocessor=dict(mean={{_base_.mean}}, std={{_base_.std}}),
    backbone=dict(_delete_=True, type='mmrice.FrozenBackbone', backbone={{_base_.backbone}}),
    decode_head=dict(in_channels={{_base_.width}}, num_classes=21))
train_dataloader = dict(batch_size=8)
