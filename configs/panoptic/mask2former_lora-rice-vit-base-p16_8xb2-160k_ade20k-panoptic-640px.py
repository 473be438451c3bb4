# Mask2Former on a RICE ViT-B/16 that LoRA tunes (rank 8 beside all linear layers of its attention, 0.5 % of its
# parameters), with a simple pyramid, ADE20K panoptic, crops of 640 px, 160,000 iterations.
# Expected: no such number is published. Not run by us.
_base_ = ['mask2former_frozen-rice-vit-base-p16_8xb2-160k_ade20k-panoptic-640px.py']
model = dict(backbone=dict(type='mmrice.AdaptedBackbone', tunings=[dict(type='mmrice.LoRA', rank=8)]))
