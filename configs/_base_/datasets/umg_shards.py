# Region shards with captions, phrases, tags and masks, of any size, 224 px, one caption, four regions with words and
# four with tags an image. Not read in the paper, and chosen after CLOC: letterbox, number of regions, 77 tokens.
# Another size: pipeline[1].scale.
data_root = 'data/umg_shards'
train_dataloader = dict(
    batch_size=512,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='mmrice.MixedSampler'),
    collate_fn=dict(type='mmrice.region_collate'),
    dataset=dict(
        type='mmrice.RegionShardDataset',
        data_root=data_root,
        kinds=['text', 'caption', 'tags', 'image_tags'],
        masks=True,
        pipeline=[
            dict(type='mmrice.LoadImageFromShard'),
            dict(type='mmrice.RegionLetterbox', scale=(224, 224)),
            dict(type='mmrice.SampleRegionTexts', num_regions=4, num_labelled=10),
            dict(type='mmrice.PatchMasks', patch_size=16),
            dict(type='mmrice.TokenizeTexts', num_tokens=77),
            dict(
                type='mmrice.PackRegionInputs',
                meta_keys=('key', 'sample_idx', 'text_tokens', 'caption_tokens', 'patch_masks')),
        ]))
