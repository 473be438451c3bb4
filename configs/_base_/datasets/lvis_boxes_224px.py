# True boxes of LVIS v1 val to be named by its 1,203 classes: images, which are COCO's, in a frame of 224 px.
# Also by rare, common and frequent classes.
_base_ = 'coco_boxes_224px.py'
test_dataloader = dict(
    dataset=dict(
        type='LVISV1Dataset',
        data_root='data/lvis_v1/',
        ann_file='annotations/lvis_v1_val.json',
        data_prefix=dict(img='')))
test_evaluator = [
    dict(type='mmrice.RegionRecognition', ann_file='data/lvis_v1/annotations/lvis_v1_val.json'),
    dict(
        type='mmrice.LVISMetric', ann_file='data/lvis_v1/annotations/lvis_v1_val.json', metric='bbox',
        prefix='lvis_true_boxes')
]
