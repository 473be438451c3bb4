# Regions of the mini photos and scenes: python tools/build_region_data.py configs/data_engine/mini.py
# 192-px crops, 10 regions an image (the best of the paper's ablation).
num_classes = dict(object=128, ocr=256)
train_pipeline = [
    dict(type='mmrice.LoadImageFromShard'),
    dict(type='mmrice.RandomResizedRegionCrop', scale=(192, 192), area=(0.5, 1.0)),
    dict(type='mmrice.RandomRegionFlip', prob=0.5),
    dict(type='mmrice.SampleRegions', num_regions=10),
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
        data_root='data/mini/regions',
        num_classes=num_classes,
        pipeline=train_pipeline))
