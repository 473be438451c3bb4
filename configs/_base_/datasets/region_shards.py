# Region shards of any size, 224 px: every batch holds as many images with their object regions as with their OCR
# regions, ten of them each.
# Stated by the paper: N = 10 regions an image (its best ablation). Not stated, and taken from the authors' successor
# code: crops of 70 to 100 % of the area, aspect 0.8 to 1.25, flips for objects; OCR images are only resized, never
# flipped. Chosen: one OCR image to one object image, and 10 OCR regions an image (the paper's best ablation of both).
# Both parts may be the same folder; an image with both kinds is then in both, each time with one kind of its regions.
# Another size: pipeline[1].scale of both parts.
train_dataloader = dict(
    batch_size=512,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='mmrice.MixedSampler', ratio=[1, 1]),
    collate_fn=dict(type='mmrice.region_collate'),
    dataset=dict(
        type='ConcatDataset',
        ignore_keys=['num_classes'],
        datasets=[
            dict(
                type='mmrice.RegionShardDataset',
                data_root='data/region_shards',
                kinds=['object'],
                num_classes=dict(object=1_000_000),
                pipeline=[
                    dict(type='mmrice.LoadImageFromShard'),
                    dict(type='mmrice.RandomResizedRegionCrop', scale=(224, 224), area=(0.7, 1.), aspect=(0.8, 1.25)),
                    dict(type='mmrice.RandomRegionFlip', prob=0.5),
                    dict(type='mmrice.SampleRegions', num_regions=10),
                    dict(type='mmrice.PackRegionInputs'),
                ]),
            dict(
                type='mmrice.RegionShardDataset',
                data_root='data/region_shards',
                kinds=['ocr'],
                num_classes=dict(ocr=49_408),
                pipeline=[
                    dict(type='mmrice.LoadImageFromShard'),
                    dict(type='mmrice.RegionResize', scale=(224, 224)),
                    dict(type='mmrice.SampleRegions', num_regions=10),
                    dict(type='mmrice.PackRegionInputs'),
                ])
        ]))
