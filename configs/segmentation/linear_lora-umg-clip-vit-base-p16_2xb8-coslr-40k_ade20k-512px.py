# Linear head on ADE20K with UMG-CLIP's ViT-B/16 tuned by LoRA; all else is as with RICE's, which it inherits.
# Expected: no such number is published; UMG-CLIP's own modules for tuning could not be read. Not run by us.
_base_ = ['linear_lora-rice-vit-base-p16_2xb8-coslr-40k_ade20k-512px.py']
checkpoint = 'work_dirs/umg-clip_vit-base-p16_64xb512-amp-coslr-100k_umg-shards-224px/latest.pth'
model = dict(backbone=dict(backbone=dict(init_cfg=dict(checkpoint=checkpoint))))
