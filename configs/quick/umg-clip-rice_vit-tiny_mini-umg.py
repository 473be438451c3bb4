# The terms of RICE (object clusters and words of OCR) beside those of UMG-CLIP in one pretraining of ViT-Tiny/16 on the
# mini-scenes (synthetic compositions), 400 iterations of 16 images, 192 px.
_base_ = ['umg-clip_vit-tiny_mini-umg.py']
# At hundreds of classes and minutes of training the paper's scale 64 and margin 0.3 keep a small ViT from learning.
model = dict(
    cluster_neck=dict(type='mmrice.RegionTransformer', in_channels=192, out_channels=192, num_heads=3, patch_size=16),
    cluster_head=dict(
        type='mmrice.ClusterDiscriminationHead',
        embed_dims=192,
        scale=30.,
        margin=0.,
        sample_ratio=1.,
        object=dict(num_classes={{_base_.num_classes.object}}),
        ocr=dict(num_classes={{_base_.num_classes.ocr}})))
train_dataloader = dict(dataset=dict(kinds=['text', 'caption', 'tags', 'image_tags', 'object', 'ocr']))
