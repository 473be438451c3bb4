# Captions and phrases of the mini-scenes (synthetic compositions): python tools/build_region_data.py
# configs/data_engine/mini_texts.py. Whole images of 192 px, four regions with words each, as in CLOC.
train_pipeline = [
    dict(type='mmrice.LoadImageFromShard'),
    dict(type='mmrice.RegionLetterbox', scale=(192, 192)),
    dict(type='mmrice.SampleRegionTexts', num_regions=4),
    dict(type='mmrice.TokenizeTexts', num_tokens=32),
    dict(type='mmrice.PackRegionInputs', meta_keys=('key', 'sample_idx', 'text_tokens', 'caption_tokens')),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    collate_fn=dict(type='mmrice.region_collate'),
    dataset=dict(
        type='mmrice.RegionShardDataset',
        data_root='data/mini/texts',
        kinds=['text', 'caption'],
        pipeline=train_pipeline))
