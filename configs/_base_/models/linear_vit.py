# Linear segmentation probe on the last map of a ViT: batch norm (over all GPUs), dropout 0.1, 1x1 convolution; tests in
# sliding windows. A config fills in `backbone`, the head's `in_channels`, mean and standard deviation, and, for
# patches other than 16 px or another dataset, sizes and `num_classes`.
model = dict(
    type='mmseg.EncoderDecoder',
    data_preprocessor=dict(
        type='mmseg.SegDataPreProcessor',
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
        size=(512, 512),
        test_cfg=dict(size_divisor=16)),
    backbone=dict(type='mmrice.FrozenBackbone'),
    decode_head=dict(
        type='mmrice.LinearHead',
        in_channels=768,
        num_classes=150,
        dropout_ratio=0.1,
        norm_cfg=dict(type='SyncBN', requires_grad=True),
        align_corners=False,
        loss_decode=dict(type='mmseg.CrossEntropyLoss', avg_non_ignore=True)),  # the mean over pixels that count
    test_cfg=dict(mode='slide', crop_size=(512, 512), stride=(341, 341)))
