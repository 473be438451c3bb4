# Recognition of the boxes of 80 new compositions by the names of their classes' training objects.
_base_ = ['../../../configs/quick/region-recognition_cloc-vit-tiny_mini-scenes.py']
data_root = 'data/cloc_table/scenes/'
test_dataloader = dict(
    dataset=dict(
        data_root=data_root, ann_file='annotations/train.json', data_prefix=dict(img='train/'), indices=-80))
test_evaluator = [dict(type='mmrice.RegionRecognition')]
# what crop-and-encode needs: --cfg-options model.pooling=crop model.neck=None
model = dict(image_neck=dict(type='LinearNeck', in_channels=192, out_channels=128, norm_cfg=None), crop_size=192)
