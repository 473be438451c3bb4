# RICE, ViT-B/16, 224 px, 13 B samples: 64 GPUs x 512 images, 396,729 iterations (RICE, sec. 4).
# Expected (the paper, after the stage of 512 px): COCO with a frozen backbone 38.9 box AP, 31.5 mask AP. Not run by us.
# Memory a GPU, computed by get_memory.py: 42 GiB, 37 of them activations.
_base_ = [
    '../_base_/models/rice_vit-base-p16.py', '../_base_/datasets/region_shards.py', '../_base_/schedules/adamw_13b.py',
    '../_base_/default_runtime.py'
]
