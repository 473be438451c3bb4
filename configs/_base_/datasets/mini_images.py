# Whole images of the mini data: python tools/build_region_data.py configs/data_engine/mini_images.py
num_classes = dict(image=64)
train_pipeline = [
    dict(type='mmrice.LoadImageFromShard'),
    dict(type='mmrice.RandomResizedRegionCrop', scale=(192, 192), area=(0.5, 1.0)),
    dict(type='mmrice.RandomRegionFlip', prob=0.5),
    dict(type='mmrice.PackRegionInputs'),
]
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    collate_fn=dict(type='mmrice.region_collate'),
    dataset=dict(
        type='mmrice.RegionShardDataset',
        data_root='data/mini/images',
        kinds=['image'],
        num_classes=num_classes,
        pipeline=train_pipeline))
