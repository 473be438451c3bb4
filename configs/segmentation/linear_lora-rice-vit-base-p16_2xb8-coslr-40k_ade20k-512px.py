# Linear head on ADE20K with a RICE ViT-B/16 that LoRA tunes: rank 8 beside all linear layers of its attention, 0.5 % of
# its parameters. All else is the linear probe's.
# Expected: no such number is published. Not run by us.
# --cfg-options model.backbone.tunings.0.rank=32; mmrice.BottleneckAdapter, mmrice.ConvAdapter and mmrice.PromptTokens
# are other tunings.
_base_ = ['linear_frozen-rice-vit-base-p16_2xb8-coslr-40k_ade20k-512px.py']
model = dict(backbone=dict(type='mmrice.AdaptedBackbone', tunings=[dict(type='mmrice.LoRA', rank=8)]))
