# The head that is trained on the names of COCO-Stuff, asked for the 150 of ADE20K.
# Expected: see the config that it inherits. Not run by us.
# python tools/test.py THIS_FILE \
#     work_dirs/cost-aggregation_frozen-umg-clip-vit-base-p16_8xb2-amp-80k_coco-stuff164k-448px/latest.pth
_base_ = ['cost-aggregation_frozen-umg-clip-vit-base-p16_8xb2-amp-80k_coco-stuff164k-448px.py']
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ADE20KDataset',
        data_root='data/ade/ADEChallengeData2016',
        data_prefix=dict(img_path='images/validation', seg_map_path='annotations/validation'),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(1792, 448), keep_ratio=True),
            dict(type='LoadAnnotations', reduce_zero_label=True),
            dict(type='PackSegInputs')
        ]))
test_dataloader = val_dataloader
