# CLIP pretraining of ViT-Tiny/16 on the captions of the mini-scenes (synthetic compositions): the baseline of
# cloc_vit-tiny_mini-texts.py, which is the same with its regions.
_base_ = ['cloc_vit-tiny_mini-texts.py']
model = dict(neck=None, head=dict(region_weight=0.))
