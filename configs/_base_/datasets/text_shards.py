# Region shards with captions and phrases, of any size, 224 px, one caption and four regions an image.
# Stated by the paper (Table A): the long side is resized and the rest padded, M = 4 regions at random, 77 tokens, lower
# case. Another size: pipeline[1].scale.
train_dataloader = dict(
    batch_size=512,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='mmrice.MixedSampler'),
    collate_fn=dict(type='mmrice.region_collate'),
    dataset=dict(
        type='mmrice.RegionShardDataset',
        data_root='data/text_shards',
        kinds=['text', 'caption'],
        pipeline=[
            dict(type='mmrice.LoadImageFromShard'),
            dict(type='mmrice.RegionLetterbox', scale=(224, 224)),
            dict(type='mmrice.SampleRegionTexts', num_regions=4),
            dict(type='mmrice.TokenizeTexts', num_tokens=77),
            dict(type='mmrice.PackRegionInputs', meta_keys=('key', 'sample_idx', 'text_tokens', 'caption_tokens')),
        ]))
