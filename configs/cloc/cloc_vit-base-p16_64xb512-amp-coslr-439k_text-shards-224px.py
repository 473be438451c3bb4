# CLOC, ViT-B/16, 224 px, from scratch: 64 GPUs x 512 images, 439,087 iterations (its Table A).
# Expected (the paper, Table 2, row 8, 300 M images): mAcc of regions COCO 70.1, LVIS 27.2; ImageNet zero-shot 75.5. Not
# run by us.
_base_ = [
    '../_base_/models/cloc_vit-base-p16.py', '../_base_/datasets/text_shards.py', '../_base_/schedules/adamw_14b.py',
    '../_base_/default_runtime.py'
]
