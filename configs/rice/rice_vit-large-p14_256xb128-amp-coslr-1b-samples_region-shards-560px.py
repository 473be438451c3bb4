# RICE, ViT-L/14, 560 px, 1 B samples more after 378 px: 256 GPUs x 128 images, 30,518 iterations, a tenth of the rate.
# Expected (the paper, as the vision tower of LLaVA-NeXT with Qwen2.5-7B): DocVQA 87.38, OCRBench 607. Not run by us.
# Memory a GPU, computed by get_memory.py: 42 GiB, 32 of them activations (layers are recomputed).
_base_ = [
    '../_base_/models/rice_vit-large-p14.py', '../_base_/datasets/region_shards.py', '../_base_/schedules/adamw_1b.py',
    '../_base_/default_runtime.py'
]
_base_.train_dataloader.dataset.datasets[0].pipeline[1].scale = (560, 560)
_base_.train_dataloader.dataset.datasets[1].pipeline[1].scale = (560, 560)
train_dataloader = dict(batch_size=128)
# The whole model, class centres included: clusters and tokens are the same. The optimizer starts anew.
load_from = 'work_dirs/rice_vit-large-p14_128xb256-amp-coslr-1b-samples_region-shards-378px/latest.pth'
