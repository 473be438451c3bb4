# UPerNet on four layers of a ViT of 12, resampled to strides 4 to 32, with MMSegmentation's heads for BEiT and MAE;
# tests in sliding windows of 512 px. A config fills in `backbone`, the neck's `embed_dim`, the heads' `in_channels`,
# mean and standard deviation.
_base_ = 'mmseg::_base_/models/upernet_beit.py'
model = dict(
    data_preprocessor=dict(size=(512, 512), test_cfg=dict(size_divisor=16)),
    backbone=dict(_delete_=True, type='mmrice.RICEViT', out_indices=[3, 5, 7, 11], drop_path_rate=0.1),
    test_cfg=dict(mode='slide', crop_size=(512, 512), stride=(341, 341)))
