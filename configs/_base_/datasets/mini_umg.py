# Captions, phrases, tags, masks and clusters of the mini-scenes (synthetic compositions):
# python tools/build_region_data.py configs/data_engine/mini_umg.py. Whole images of 192 px; four regions with words,
# four with tags and four with a cluster or words of OCR each.
data_root = 'data/mini/umg'
num_classes = dict(object=128, ocr=101)
train_pipeline = [
    dict(type='mmrice.LoadImageFromShard'),
    dict(type='mmrice.RegionLetterbox', scale=(192, 192)),
    dict(type='mmrice.SampleRegionTexts', num_regions=4, num_labelled=4),
    dict(type='mmrice.PatchMasks', patch_size=16),
    dict(type='mmrice.TokenizeTexts', num_tokens=32),
    dict(
        type='mmrice.PackRegionInputs',
        meta_keys=('key', 'sample_idx', 'text_tokens', 'caption_tokens', 'patch_masks')),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    collate_fn=dict(type='mmrice.region_collate'),
    dataset=dict(
        type='mmrice.RegionShardDataset',
        data_root=data_root,
        kinds=['text', 'caption', 'tags', 'image_tags'],
        masks=True,
        num_classes=num_classes,
        pipeline=train_pipeline))
