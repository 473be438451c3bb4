# MLCD, ViT-B/16, 224 px, 32 epochs of LAION-400M with the 8 nearest of a million clusters: 80 GPUs x 410 images.
# Expected (the RICE paper, MLCD at 512 px): COCO with a frozen backbone 35.6 box AP, 28.6 mask AP. Not run by us.
# Memory a GPU, computed by get_memory.py: 32 GiB, 30 of them activations.
_base_ = [
    '../_base_/models/mlcd_vit-base-p16.py', '../_base_/datasets/image_shards.py', '../_base_/schedules/adamw_32e.py',
    '../_base_/default_runtime.py'
]
