# RICE, ViT-L/14, 336 px, 1 B samples more after 224 px: 64 GPUs x 512 images, 30,518 iterations, a tenth of the rate.
# Expected (the paper, as the vision tower of LLaVA-NeXT with Qwen2.5-7B): DocVQA 79.19, OCRBench 575. Not run by us.
# Memory a GPU, computed by get_memory.py: 57 GiB, 46 of them activations (layers are recomputed).
_base_ = [
    '../_base_/models/rice_vit-large-p14.py', '../_base_/datasets/region_shards.py', '../_base_/schedules/adamw_1b.py',
    '../_base_/default_runtime.py'
]
_base_.train_dataloader.dataset.datasets[0].pipeline[1].scale = (336, 336)
_base_.train_dataloader.dataset.datasets[1].pipeline[1].scale = (336, 336)
# The whole model, class centres included: clusters and tokens are the same. The optimizer starts anew.
load_from = 'work_dirs/rice_vit-large-p14_64xb512-amp-coslr-13b-samples_region-shards-224px/latest.pth'
