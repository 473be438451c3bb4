# Shards of whole images with their nearest clusters as labels (regions of kind 'image'), 224 px.
# Not stated by the paper, and taken from the authors' successor code: crops of 70 to 100 % of the area, aspect 0.8 to
# 1.25, flips.
train_dataloader = dict(
    batch_size=410,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='mmrice.MixedSampler'),
    collate_fn=dict(type='mmrice.region_collate'),
    dataset=dict(
        type='mmrice.RegionShardDataset',
        data_root='data/laion400m/image_shards',
        kinds=['image'],
        num_classes=dict(image=1_000_000),
        pipeline=[
            dict(type='mmrice.LoadImageFromShard'),
            dict(type='mmrice.RandomResizedRegionCrop', scale=(224, 224), area=(0.7, 1.), aspect=(0.8, 1.25)),
            dict(type='mmrice.RandomRegionFlip', prob=0.5),
            dict(type='mmrice.PackRegionInputs'),
        ]))
