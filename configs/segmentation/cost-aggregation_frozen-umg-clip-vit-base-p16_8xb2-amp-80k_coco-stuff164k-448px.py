# Open-vocabulary segmentation by cost aggregation (CAT-Seg's, on an encoder that stays frozen) with UMG-CLIP's
# ViT-B/16: trained on the 171 names of COCO-Stuff and validated on them. On other names: ..._coco-stuff164k-to-*.
# Expected: no number for this. UMG-CLIP's B/16 with its own trained decoder, of which nothing could be read: mIoU 34.6
# on ADE20K's 150 classes and 58.2 on PASCAL Context's 59 (stated by FG-CLIP 2, Table 6). Not run by us.
# CAT-Seg's: the layers whose maps lend edges, the schedule, trained on COCO-Stuff. Chosen: 448 px, bare names,
# 16 images an iteration.
_base_ = [
    '../_base_/models/umg-clip_vit-base-p16.py', '../_base_/datasets/coco_stuff164k_448px.py',
    '../_base_/schedules/cost_aggregation_80k.py', 'mmseg::_base_/default_runtime.py'
]
model = dict(
    _delete_=True,
    type='mmrice.OpenVocabularySegmentor',
    data_preprocessor=dict(
        type='SegDataPreProcessor', mean={{_base_.data_preprocessor.mean}}, std={{_base_.data_preprocessor.std}},
        bgr_to_rgb=True, pad_val=0, seg_pad_val=255, size=(448, 448), test_cfg=dict(size_divisor=16)),
    backbone=dict(
        type='mmrice.FrozenBackbone', backbone=dict(**_base_.model.backbone, out_indices=[3, 7, 11])),
    pixel_neck={{_base_.model.pixel_neck}},
    text_encoder={{_base_.model.text_encoder}},
    decode_head=dict(
        type='mmrice.CostAggregationHead', in_channels=512, guide_channels=[768, 768], up_dims=[64, 32]),
    init_cfg=dict(
        type='mmrice.PretrainedParts',
        checkpoint='work_dirs/umg-clip_vit-base-p16_64xb512-amp-coslr-100k_umg-shards-224px/latest.pth',
        parts=['backbone', 'pixel_neck', 'text_encoder']),
    test_cfg=dict(mode='slide', crop_size=(448, 448), stride=(299, 299)))
custom_hooks = [dict(type='mmrice.DatasetClassesHook')]
train_dataloader = dict(batch_size=2)
