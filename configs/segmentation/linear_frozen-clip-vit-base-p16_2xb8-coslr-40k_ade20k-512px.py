# Linear probe on ADE20K with a frozen CLIP ViT-B/16, a peer of RICE: one line differs from the config of RICE, where
# the protocol is described. CLIP's norm on the output is applied to all patches.
# Expected: none stated here for this size of CLIP. Not run by us.
_base_ = [
    '../_base_/models/linear_vit.py',
    '../_base_/backbones/clip_vit-base-p16.py',
    'mmseg::_base_/datasets/ade20k.py',
    '../_base_/schedules/linear_probe_40k.py',
    'mmseg::_base_/default_runtime.py'
]
model = dict(
    data_preprocessor=dict(mean={{_base_.mean}}, std={{_base_.std}}),
    backbone=dict(_delete_=True, type='mmrice.FrozenBackbone', backbone={{_base_.backbone}}),
    decode_head=dict(in_channels={{_base_.width}}))
train_dataloader = dict(batch_size=8)
