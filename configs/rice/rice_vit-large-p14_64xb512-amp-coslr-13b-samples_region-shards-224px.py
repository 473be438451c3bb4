# RICE, ViT-L/14, 224 px, 13 B samples: 64 GPUs x 512 images, 396,729 iterations (RICE, sec. 4).
# Expected: the paper gives numbers for the stages that continue from it, at 336, 378 and 560 px. Not run by us.
# Memory a GPU, computed by get_memory.py: 30 GiB, 21 of them activations (layers are recomputed).
_base_ = [
    '../_base_/models/rice_vit-large-p14.py', '../_base_/datasets/region_shards.py',
    '../_base_/schedules/adamw_13b.py', '../_base_/default_runtime.py'
]
