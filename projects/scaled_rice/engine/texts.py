# Captions and phrases of the same scenes for CLIP and CLOC, exactly as the mini data states them.
_base_ = ['../../../configs/data_engine/mini_texts.py', '../configs/_base_/budgets/{{$SCALED_RICE:cpu}}.py']
out_dir = _base_.root + 'texts'
texts = dict(scenes=_base_.root + 'pretraining/scenes/text/train.jsonl')
engine = dict(
    ingest=dict(
        sources=dict(_delete_=True, scenes=_base_.root + 'pretraining/scenes/train'), images_per_shard=64, min_edge=96),
    caption=dict(files=texts),
    ground=dict(files=texts))
