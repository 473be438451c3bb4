# The RICE paper's detection probe on a sub-dataset of Roboflow100-VL: Cascade R-CNN on a frozen ViT-B/16, boxes only.
# All sub-datasets: python tools/misc/run_rf100vl.py data/rf100vl THIS_FILE. Alone it trains on aerial-cows.
# Expected (paper, Table 3, Detectron2): mean box AP of seven domains 26.5. Not run by us.
# The paper states no schedule, batch, learning rate or augmentation, nor which split is measured: as on COCO, and test.
_base_ = [
    '../_base_/models/cascade-rcnn_vit.py',
    '../_base_/backbones/rice_vit-base-p16.py',
    '../_base_/datasets/rf100vl_512px.py',
    '../_base_/schedules/adamw_1x.py',
    'mmdet::_base_/default_runtime.py'
]
model = dict(
    data_preprocessor=dict(mean={{_base_.mean}}, std={{_base_.std}}),
    backbone=dict(_delete_=True, type='mmrice.FrozenBackbone', backbone={{_base_.backbone}}),
    neck=dict(_delete_=True, type='mmrice.PoolFeaturePyramid', in_channels={{_base_.width}}))
