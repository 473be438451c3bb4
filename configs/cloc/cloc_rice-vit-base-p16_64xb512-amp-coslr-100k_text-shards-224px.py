# CLOC, ViT-B/16, 224 px, from RICE's weights: 64 GPUs x 512 images, 100,000 iterations, a tenth of the rate.
# Expected: no such number is published. The paper continues a CLIP for 100,000 steps (App. D): mAcc of regions COCO
# 64.1, LVIS 19.1, less than from scratch. Not run by us; the rate is a choice.
_base_ = ['cloc_vit-base-p16_64xb512-amp-coslr-439k_text-shards-224px.py']
max_iters = 100_000
model = dict(
    backbone=dict(
        init_cfg=dict(
            type='mmrice.RICEPretrained',
            checkpoint='work_dirs/rice_vit-base-p16_64xb512-amp-coslr-13b-samples_region-shards-224px/latest.pth')))
optim_wrapper = dict(optimizer=dict(lr=5e-5))
train_cfg = dict(max_iters=max_iters)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=2000),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=2000, end=max_iters, eta_min=0.)
]
