# CLOC, ViT-L/14, 336 px, from scratch: 128 GPUs x 256 images, 439,087 iterations (its Table A, where it takes six days
# on 1,024 TPU v5p).
# Expected (the paper, Table 2, row 16, 2 B images): mAcc of regions COCO 72.9, LVIS 32.6; ImageNet zero-shot 80.1. Not
# run by us.
_base_ = [
    '../_base_/models/cloc_vit-large-p14.py', '../_base_/datasets/text_shards.py', '../_base_/schedules/adamw_14b.py',
    '../_base_/default_runtime.py'
]
_base_.train_dataloader.dataset.pipeline[1].scale = (336, 336)
train_dataloader = dict(batch_size=256)
