# RICE, ViT-L/14, 378 px, 1 B samples more after 336 px: 128 GPUs x 256 images, 30,518 iterations, a tenth of the rate.
# Expected (the paper, as the vision tower of LLaVA-NeXT with Qwen2.5-7B): DocVQA 82.59, OCRBench 588. Not run by us.
# Memory a GPU, computed by get_memory.py: 39 GiB, 29 of them activations (layers are recomputed).
_base_ = [
    '../_base_/models/rice_vit-large-p14.py', '../_base_/datasets/region_shards.py', '../_base_/schedules/adamw_1b.py',
    '../_base_/default_runtime.py'
]
_base_.train_dataloader.dataset.datasets[0].pipeline[1].scale = (378, 378)
_base_.train_dataloader.dataset.datasets[1].pipeline[1].scale = (378, 378)
train_dataloader = dict(batch_size=256)
# The whole model, class centres included: clusters and tokens are the same. The optimizer starts anew.
load_from = 'work_dirs/rice_vit-large-p14_64xb512-amp-coslr-1b-samples_region-shards-336px/latest.pth'
