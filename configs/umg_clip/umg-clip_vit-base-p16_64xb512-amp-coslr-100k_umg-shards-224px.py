# UMG-CLIP, ViT-B/16, 224 px, 64 GPUs x 512 images, 100,000 iterations.
# Expected (the paper's weights, read in FG-CLIP 2): COCO retrieval image to text 64.7, text to image 51.6; open-
# vocabulary segmentation ADE20K-150 34.6. Not run by us. Its schedule could not be read; this is CLOC's, shortened.
_base_ = [
    '../_base_/models/umg-clip_vit-base-p16.py', '../_base_/datasets/umg_shards.py',
    '../_base_/schedules/adamw_14b.py', '../_base_/default_runtime.py'
]
max_iters = 100_000
model = dict(tags=dict(names=f'{_base_.data_root}/tag_vocab.json'))
train_cfg = dict(max_iters=max_iters)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=2000),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=2000, end=max_iters, eta_min=0.)
]
