# ImageNet-1k's validation images in a frame of 224 px, to be named. Names are MMPretrain's: WordNet's, all synonyms in
# one text; CLIP's are edited by hand and score higher. Others: --cfg-options model.classes=FILE, one a line.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='mmrice.Letterbox', scale=(224, 224)),
    dict(type='PackInputs')
]
test_dataloader = dict(
    batch_size=256,
    num_workers=8,
    dataset=dict(type='ImageNet', data_root='data/imagenet', split='val', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False))
test_evaluator = dict(type='Accuracy', topk=(1, 5))
test_cfg = dict(type='TestLoop')
custom_hooks = [dict(type='mmrice.DatasetClassesHook')]
