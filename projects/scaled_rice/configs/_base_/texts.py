# Captions and phrases of the pretraining scenes as the mini data states them. Whole images, never flipped or cut, since
# phrases say where things are.
train_pipeline = [
    dict(type='mmrice.LoadImageFromShard'),
    dict(type='mmrice.RegionLetterbox', scale=(96, 96)),
    dict(type='mmrice.SampleRegionTexts', num_regions=4),
    dict(type='mmrice.TokenizeTexts', num_tokens=64),
    dict(type='mmrice.PackRegionInputs', meta_keys=('key', 'sample_idx', 'text_tokens', 'caption_tokens')),
]
