# Linear probe on ADE20K with a frozen DINOv2 ViT-B/14, a peer of RICE: one line differs from the config of RICE
# ViT-L/14, where the protocol is described.
# Expected: none stated here for this size of DINOv2. Not run by us.
_base_ = [
    '../_base_/models/linear_vit.py',
    '../_base_/backbones/dinov2_vit-base-p14.py',
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
