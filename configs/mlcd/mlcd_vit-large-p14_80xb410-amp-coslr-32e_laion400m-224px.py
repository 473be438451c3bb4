# MLCD, ViT-L/14, 224 px, 32 epochs of LAION-400M with the 8 nearest of a million clusters: 80 GPUs x 410 images.
# Expected (MLCD, with absolute positions): linear probe 84.6 % on ImageNet and on the mean of 26 sets. Not run by us.
# Memory a GPU, computed by get_memory.py: 24 GiB, 16 of them activations (layers are recomputed).
_base_ = [
    '../_base_/models/mlcd_vit-large-p14.py', '../_base_/datasets/image_shards.py', '../_base_/schedules/adamw_32e.py',
    '../_base_/default_runtime.py'
]
