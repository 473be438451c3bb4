"""Configs of tiny models on generated images, one for each host, to train in seconds on a CPU."""
import json
from pathlib import Path
from typing import Tuple

import cv2
import numpy as np

CLASSES = ('light', 'dark')

_RUNTIME = '''
default_scope = {scope!r}
train_cfg = {train_cfg}
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=1e-3))
param_scheduler = [dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=5),
                   dict(type='MultiStepLR', by_epoch=True, milestones=[1], gamma=0.5)]
default_hooks = dict(logger=dict(type='LoggerHook', interval=1), checkpoint=dict(type='CheckpointHook', {checkpoint}))
randomness = dict(seed=7)
log_level = 'WARNING'
'''
_EPOCHS = ("dict(by_epoch=True, max_epochs=3, val_interval=1)", 'interval=1')
_ITERATIONS = ("dict(type='IterBasedTrainLoop', max_iters=11, val_interval=6)", 'interval=3, by_epoch=False')

_MMPRETRAIN = '''
image = [dict(type='LoadImageFromFile')]
augment = [dict(type='RandomResizedCrop', scale=32), dict(type='RandomFlip', prob=0.5),
           dict(type='ColorJitter', brightness=0.4)]
pack = [dict(type='PackInputs')]
train_dataloader = dict(batch_size=3, num_workers=0, sampler=dict(type={sampler!r}, shuffle=True),
    dataset=dict(type='CustomDataset', data_root={root!r}, data_prefix='photos', serialize_data=False,
                 pipeline=image + augment + pack))
val_dataloader = dict(batch_size=4, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='CustomDataset', data_root={root!r}, data_prefix='photos', serialize_data=False,
                 pipeline=image + [dict(type='Resize', scale=(32, 32))] + pack))
test_dataloader = val_dataloader
val_evaluator = dict(type='Accuracy', topk=1)
test_evaluator = val_evaluator
data_preprocessor = dict(num_classes=2, mean=[127.] * 3, std=[60.] * 3, to_rgb=True)
model = dict(type='ImageClassifier',
    backbone=dict(type='VisionTransformer', img_size=32, patch_size=16, drop_rate=0.1,
                  arch=dict(embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=32)),
    head=dict(type='LinearClsHead', num_classes=2, in_channels=16))
default_hooks['visualization'] = dict(type='VisualizationHook', enable=False)
visualizer = dict(type='UniversalVisualizer', vis_backends=[])
'''

_MMSEG = '''
data = dict(type='BaseSegDataset', data_root={root!r}, img_suffix='.jpg', seg_map_suffix='.png',
            data_prefix=dict(img_path='scenes', seg_map_path='maps'), metainfo=dict(classes=('light', 'dark')),
            serialize_data=False)
train_dataloader = dict(batch_size=3, num_workers=0, sampler=dict(type={sampler!r}, shuffle=True),
    dataset=dict(**data, pipeline=[dict(type='LoadImageFromFile'), dict(type='LoadAnnotations'),
        dict(type='RandomResize', scale=(64, 32), ratio_range=(0.5, 2.0), keep_ratio=True),
        dict(type='RandomCrop', crop_size=(32, 32)), dict(type='RandomFlip', prob=0.5),
        dict(type='PhotoMetricDistortion'), dict(type='PackSegInputs')]))
val_dataloader = dict(batch_size=1, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(**data, pipeline=[dict(type='LoadImageFromFile'), dict(type='Resize', scale=(32, 32)),
                                   dict(type='LoadAnnotations'), dict(type='PackSegInputs')]))
test_dataloader = val_dataloader
val_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
model = dict(type='EncoderDecoder',
    data_preprocessor=dict(type='SegDataPreProcessor', mean=[127.] * 3, std=[60.] * 3, bgr_to_rgb=True, pad_val=0,
                           seg_pad_val=255, size=(32, 32)),
    backbone=dict(type='ResNetV1c', depth=18, base_channels=8, num_stages=4, out_indices=(0, 1, 2, 3), style='pytorch'),
    decode_head=dict(type='UPerHead', in_channels=[8, 16, 32, 64], in_index=[0, 1, 2, 3], pool_scales=(1, 2),
                     channels=8, dropout_ratio=0.1, num_classes=2,
                     loss_decode=dict(type='CrossEntropyLoss', loss_weight=1.0)),
    train_cfg=dict(), test_cfg=dict(mode='whole'))
default_hooks['visualization'] = dict(type='SegVisualizationHook')
visualizer = dict(type='SegLocalVisualizer', vis_backends=[dict(type='LocalVisBackend')])
'''

_MMDET = '''
data = dict(type='CocoDataset', data_root={root!r}, ann_file='boxes.json', data_prefix=dict(img='scenes'),
            serialize_data=False, metainfo=dict(classes=('light', 'dark')))
train_dataloader = dict(batch_size=2, num_workers=0, sampler=dict(type={sampler!r}, shuffle=True),
    batch_sampler=dict(type='AspectRatioBatchSampler'),
    dataset=dict(**data, pipeline=[dict(type='LoadImageFromFile'), dict(type='LoadAnnotations', with_bbox=True),
        dict(type='RandomResize', scale=(64, 64), ratio_range=(0.8, 1.2), keep_ratio=True),
        dict(type='RandomFlip', prob=0.5), dict(type='PhotoMetricDistortion'), dict(type='PackDetInputs')]))
val_dataloader = dict(batch_size=1, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(**data, test_mode=True, pipeline=[
        dict(type='LoadImageFromFile'), dict(type='Resize', scale=(64, 64), keep_ratio=True),
        dict(type='LoadAnnotations', with_bbox=True),
        dict(type='PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'))]))
test_dataloader = val_dataloader
val_evaluator = dict(type='CocoMetric', ann_file={root!r} + '/boxes.json', metric='bbox')
test_evaluator = val_evaluator
coder = dict(type='DeltaXYWHBBoxCoder', target_means=[0.] * 4, target_stds=[0.1, 0.1, 0.2, 0.2])
assign = dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.5, min_pos_iou=0.3, ignore_iof_thr=-1)
model = dict(type='FasterRCNN',
    data_preprocessor=dict(type='DetDataPreprocessor', mean=[127.] * 3, std=[60.] * 3, bgr_to_rgb=True,
                           pad_size_divisor=32),
    backbone=dict(type='ResNet', depth=18, base_channels=8, num_stages=4, out_indices=(0, 1, 2, 3), style='pytorch'),
    neck=dict(type='FPN', in_channels=[8, 16, 32, 64], out_channels=16, num_outs=5),
    rpn_head=dict(type='RPNHead', in_channels=16, feat_channels=16,
        anchor_generator=dict(type='AnchorGenerator', scales=[4], ratios=[0.5, 1.0, 2.0], strides=[4, 8, 16, 32, 64]),
        bbox_coder=dict(type='DeltaXYWHBBoxCoder'),
        loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=True), loss_bbox=dict(type='L1Loss')),
    roi_head=dict(type='StandardRoIHead',
        bbox_roi_extractor=dict(type='SingleRoIExtractor', out_channels=16, featmap_strides=[4, 8, 16, 32],
                                roi_layer=dict(type='RoIAlign', output_size=3, sampling_ratio=0)),
        bbox_head=dict(type='Shared2FCBBoxHead', in_channels=16, fc_out_channels=32, roi_feat_size=3, num_classes=2,
                       bbox_coder=coder, reg_class_agnostic=False, loss_cls=dict(type='CrossEntropyLoss'),
                       loss_bbox=dict(type='L1Loss'))),
    train_cfg=dict(
        rpn=dict(assigner=dict(assign, pos_iou_thr=0.7, neg_iou_thr=0.3), allowed_border=-1, pos_weight=-1, debug=False,
                 sampler=dict(type='RandomSampler', num=32, pos_fraction=0.5, neg_pos_ub=-1,
                              add_gt_as_proposals=False)),
        rpn_proposal=dict(nms_pre=50, max_per_img=20, nms=dict(type='nms', iou_threshold=0.7), min_bbox_size=0),
        rcnn=dict(assigner=assign, pos_weight=-1, debug=False,
                  sampler=dict(type='RandomSampler', num=16, pos_fraction=0.25, neg_pos_ub=-1,
                               add_gt_as_proposals=True))),
    test_cfg=dict(rpn=dict(nms_pre=50, max_per_img=20, nms=dict(type='nms', iou_threshold=0.7), min_bbox_size=0),
                  rcnn=dict(score_thr=0.0, nms=dict(type='nms', iou_threshold=0.5), max_per_img=10)))
default_hooks['visualization'] = dict(type='DetVisualizationHook')
visualizer = dict(type='DetLocalVisualizer', vis_backends=[])
'''

_CONFIGS = {'mmpretrain': _MMPRETRAIN, 'mmseg': _MMSEG, 'mmdet': _MMDET}


def write_tiny_data(root: Path, num_images: int = 8) -> Path:
    """Write images with their classes, boxes and label maps; each image holds one bright or dark square on noise.

    Args:
        root: Folder to fill: ``photos/<class>/*.jpg``, ``scenes/*.jpg``, ``maps/*.png`` and ``boxes.json`` (COCO).
        num_images: How many of each.

    Returns:
        Path: ``root``.
    """
    random = np.random.RandomState(0)
    images, annotations = [], []
    for folder in ('scenes', 'maps', *(f'photos/{name}' for name in CLASSES)):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for number in range(num_images):
        height, width = ((48, 64), (64, 48))[number % 3 == 0]
        image = random.randint(90, 160, (height, width, 3)).astype(np.uint8)
        label, (x, y), side = number % 2, random.randint(0, 24, 2).tolist(), 20
        image[y:y + side, x:x + side] = (240, 20)[label]
        seg_map = np.zeros((height, width), np.uint8)
        seg_map[y:y + side, x:x + side] = 1
        cv2.imwrite(str(root / f'scenes/{number}.jpg'), image)
        cv2.imwrite(str(root / f'maps/{number}.png'), seg_map)
        cv2.imwrite(str(root / f'photos/{CLASSES[label]}/{number}.jpg'), image)
        images.append(dict(id=number, file_name=f'{number}.jpg', height=height, width=width))
        annotations.append(dict(id=number + 1, image_id=number, category_id=label + 1, bbox=[x, y, side, side],
                                area=side * side, iscrowd=0))
    categories = [dict(id=number + 1, name=name) for number, name in enumerate(CLASSES)]
    (root / 'boxes.json').write_text(json.dumps(dict(images=images, annotations=annotations, categories=categories)))
    return root


def write_tiny_config(path: Path, scope: str, root: Path, by_epoch: bool = True) -> Path:
    """Write a config that trains a tiny model of a host on :func:`write_tiny_data`.

    Args:
        path: The file to write.
        scope: 'mmpretrain' (a ViT classifier), 'mmdet' (Faster R-CNN) or 'mmseg' (UPerNet).
        root: Folder of the data.
        by_epoch: 3 epochs with DefaultSampler, a checkpoint each; else 11 iterations with InfiniteSampler, a checkpoint
            every 3.

    Returns:
        Path: ``path``.
    """
    parts: Tuple[str, str] = _EPOCHS if by_epoch else _ITERATIONS
    runtime = _RUNTIME.format(scope=scope, train_cfg=parts[0], checkpoint=parts[1])
    sampler = 'DefaultSampler' if by_epoch else 'InfiniteSampler'
    body = _CONFIGS[scope].replace('{root!r}', repr(str(root))).replace('{sampler!r}', repr(sampler))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(runtime + body)
    return path
