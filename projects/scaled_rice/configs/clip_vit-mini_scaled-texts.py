# CLIP on the exact captions of the same scenes: CLOC without its regions.
_base_ = ['cloc_vit-mini_scaled-texts.py']
model = dict(neck=None, head=dict(region_weight=0.))
train_dataloader = dict(dataset=dict(data_root=_base_.root + 'texts'))
