# UPerNet on four layers of a ViT of 24 (BEiT-L's in MMSegmentation), patches of 14 px, windows of 448 px, strides
# 3.5 to 28.
_base_ = 'upernet_vit.py'
model = dict(
    data_preprocessor=dict(size=(448, 448), test_cfg=dict(size_divisor=14)),
    backbone=dict(out_indices=[7, 11, 15, 23], drop_path_rate=0.2),
    decode_head=dict(channels=1024),
    test_cfg=dict(crop_size=(448, 448), stride=(298, 298)))
