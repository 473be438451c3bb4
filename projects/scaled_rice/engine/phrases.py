# Captions of the same scenes as the mini data states them, and phrases without places for CLOC.
_base_ = ['texts.py']
out_dir = _base_.root + 'phrases'
things = dict(scenes=_base_.root + 'pretraining/scenes/text/train_things.jsonl')
engine = dict(caption=dict(files=things), ground=dict(files=things))
