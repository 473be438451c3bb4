# What both pretrainings share: 64 images of 128 px an iteration.
_base_ = ['encoder.py', 'schedule.py', '../../../../configs/_base_/default_runtime.py']
default_hooks = dict(checkpoint=dict(interval=300), logger=dict(interval=50))
model = dict(
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True, pad_size_divisor=8))
auto_scale_lr = dict(base_batch_size=64)
