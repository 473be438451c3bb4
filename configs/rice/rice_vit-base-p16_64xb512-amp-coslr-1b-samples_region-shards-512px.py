# RICE, ViT-B/16, 512 px, 1 B samples more after 224 px: 64 GPUs x 512 images, 30,518 iterations, a tenth of the rate.
# Expected (the paper): frozen Cascade Mask R-CNN at 512 px, COCO 38.9 box AP and 31.5 mask AP, LVIS 26.5 and 21.4. Not
# run by us.
# Memory a GPU, computed by get_memory.py: 52 GiB, 44 of them activations (layers are recomputed).
_base_ = [
    '../_base_/models/rice_vit-base-p16.py', '../_base_/datasets/region_shards.py', '../_base_/schedules/adamw_1b.py',
    '../_base_/default_runtime.py'
]
_base_.train_dataloader.dataset.datasets[0].pipeline[1].scale = (512, 512)
_base_.train_dataloader.dataset.datasets[1].pipeline[1].scale = (512, 512)
model = dict(backbone=dict(with_cp=True))
# The whole model, class centres included: clusters and tokens are the same. The optimizer starts anew.
load_from = 'work_dirs/rice_vit-base-p16_64xb512-amp-coslr-13b-samples_region-shards-224px/latest.pth'
