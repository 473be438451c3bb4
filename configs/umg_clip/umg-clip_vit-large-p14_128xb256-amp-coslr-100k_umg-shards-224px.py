# UMG-CLIP, ViT-L/14, 224 px, 128 GPUs x 256 images, 100,000 iterations.
# Expected (the paper's weights, read in FG-CLIP 2): COCO retrieval image to text 68.9, text to image 54.6; open-
# vocabulary segmentation ADE20K-150 36.1. Not run by us. Its schedule could not be read; this is CLOC's, shortened.
_base_ = [
    '../_base_/models/umg-clip_vit-large-p14.py', '../_base_/datasets/umg_shards.py',
    '../_base_/schedules/adamw_14b.py', '../_base_/default_runtime.py'
]
max_iters = 100_000
model = dict(tags=dict(names=f'{_base_.data_root}/tag_vocab.json'))
_base_.train_dataloader.dataset.pipeline[3].patch_size = 14
train_dataloader = dict(batch_size=256)
train_cfg = dict(max_iters=max_iters)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=2000),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=2000, end=max_iters, eta_min=0.)
]
