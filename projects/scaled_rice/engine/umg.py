# All levels of the same scenes for UMG-CLIP: captions, phrases and masks of things and stuff as the mini data states
# them, and tags out of these texts.
_base_ = ['texts.py']
out_dir = _base_.root + 'umg'
levels = dict(scenes=_base_.root + 'pretraining/scenes/text/train_masks.jsonl')
engine = dict(
    caption=dict(files=levels),
    ground=dict(files=levels),
    tag=dict(type='mmrice.TextTags'),
    mask=dict(type='mmrice.AnnotatedMasks', files=levels),
    label=dict(tags=dict(type='mmrice.TagVocabulary', min_count=2)))
