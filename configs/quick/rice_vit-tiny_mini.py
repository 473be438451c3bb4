# RICE pretraining of ViT-Tiny/16 on the mini regions.
_base_ = [
    '../_base_/models/rice_vit-tiny.py', '../_base_/datasets/mini_regions.py', '../_base_/schedules/adamw_quick.py',
    '../_base_/default_runtime.py'
]
# At hundreds of classes and minutes of training the paper's scale 64 and margin 0.3 keep a small ViT from learning.
num_classes = _base_.num_classes
model = dict(
    head=dict(
        scale=30.,
        margin=0.,
        sample_ratio=1.,
        object=dict(num_classes=num_classes['object']),
        ocr=dict(num_classes=num_classes['ocr'])))
train_cfg = dict(val_interval=None)
auto_scale_lr = dict(base_batch_size=32)
