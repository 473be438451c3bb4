# The terms of RICE beside those of UMG-CLIP, ViT-B/16, 224 px, 64 GPUs x 512 images, 100,000 iterations: what no paper
# has, and no number is expected. The shards need object clusters and OCR tokens, too. Not run by us.
_base_ = ['umg-clip_vit-base-p16_64xb512-amp-coslr-100k_umg-shards-224px.py']
model = dict(
    cluster_neck=dict(
        type='mmrice.RegionTransformer', in_channels=768, out_channels=512, num_heads=12, patch_size=16, num_layers=2),
    cluster_head=dict(
        type='mmrice.ClusterDiscriminationHead',
        embed_dims=512,
        object=dict(num_classes=1_000_000),
        ocr=dict(num_classes=49_408)))
optim_wrapper = dict(optimizer=dict(type='mmrice.SparseAdamW'))
train_dataloader = dict(
    dataset=dict(
        kinds=['text', 'caption', 'tags', 'image_tags', 'object', 'ocr'],
        num_classes=dict(object=1_000_000, ocr=49_408)))
