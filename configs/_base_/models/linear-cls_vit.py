# Linear probe of whole images: class token of a frozen ViT, batch norm without scale and shift, one matrix; MAE's,
# which MMPretrain has. A config fills in `backbone`, the widths of neck and head, mean and standard deviation.
model = dict(
    type='mmpretrain.ImageClassifier',
    backbone=dict(type='mmrice.FrozenBackbone', out_type='cls_token'),
    neck=dict(type='mmpretrain.ClsBatchNormNeck', input_features=768),
    head=dict(
        type='mmpretrain.LinearClsHead',
        num_classes=1000,
        in_channels=768,
        loss=dict(type='mmpretrain.CrossEntropyLoss'),
        init_cfg=dict(type='TruncNormal', layer='Linear', std=0.01)))
