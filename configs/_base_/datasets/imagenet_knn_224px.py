# ImageNet-1k for kNN: the training images are the bank, the validation images are asked about. Short side 256 px,
# the middle 224 px, bicubic, no augmentation, as DINO's evaluation.
pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='ResizeEdge', scale=256, edge='short', backend='pillow', interpolation='bicubic'),
    dict(type='CenterCrop', crop_size=224),
    dict(type='PackInputs')
]
bank_dataloader = dict(
    batch_size=256,
    num_workers=8,
    dataset=dict(type='ImageNet', data_root='data/imagenet', split='train', pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False))
test_dataloader = dict(
    batch_size=256,
    num_workers=8,
    dataset=dict(type='ImageNet', data_root='data/imagenet', split='val', pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False))
test_evaluator = dict(type='Accuracy', topk=(1, 5))
test_cfg = dict(type='TestLoop')
