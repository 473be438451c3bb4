# All levels of the training scenes for UMG-CLIP, in minutes: exact captions, and phrases and masks of things and of
# stuff, as the mini data states them, tags out of these texts, and beside them the object clusters and OCR words of
# mini.py for RICE's terms. UMG-CLIP's own labels come from models: umg.py.
_base_ = ['mini.py']
out_dir = 'data/mini/umg'
texts = dict(scenes='data/mini/scenes/text/train_masks.jsonl')
engine = dict(
    ingest=dict(_delete_=True, type='mmrice.ImageFolders', sources=dict(scenes='data/mini/scenes/train'),
                images_per_shard=32, min_edge=128, hint='python tools/dataset_converters/prepare_mini.py'),
    caption=dict(type='mmrice.AnnotatedCaptions', files=texts),
    ground=dict(type='mmrice.AnnotatedPhrases', files=texts),
    tag=dict(type='mmrice.TextTags'),
    mask=dict(type='mmrice.AnnotatedMasks', files=texts),
    label=dict(tags=dict(type='mmrice.TagVocabulary', min_count=2)))
