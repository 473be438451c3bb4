# In-shop Clothes Retrieval (DeepFashion): queries and gallery of its own split; short side 256 px, the middle 224 px.
pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='ResizeEdge', scale=256, edge='short', backend='pillow', interpolation='bicubic'),
    dict(type='CenterCrop', crop_size=224),
    dict(type='PackInputs')
]
gallery_dataloader = dict(
    batch_size=64,
    num_workers=8,
    dataset=dict(type='InShop', data_root='data/inshop', split='gallery', pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False))
test_dataloader = dict(
    batch_size=64,
    num_workers=8,
    dataset=dict(type='InShop', data_root='data/inshop', split='query', pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False))
test_evaluator = [dict(type='RetrievalRecall', topk=(1, 10, 20, 30)), dict(type='RetrievalAveragePrecision', topk=10)]
test_cfg = dict(type='TestLoop')
