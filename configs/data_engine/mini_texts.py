# Captions, phrases and boxes of the training scenes as the mini data states them: exact, for training CLOC in minutes.
# Texts only: no region has a cluster. CLOC's own labels come from models: vesl.py.
out_dir = 'data/mini/texts'
texts = dict(scenes='data/mini/scenes/text/train.jsonl')
engine = dict(
    ingest=dict(
        type='mmrice.ImageFolders',
        sources=dict(scenes='data/mini/scenes/train'),
        images_per_shard=32,
        min_edge=128,
        hint='python tools/dataset_converters/prepare_mini.py'),
    caption=dict(type='mmrice.AnnotatedCaptions', files=texts),
    ground=dict(type='mmrice.AnnotatedPhrases', files=texts),
    label={})
