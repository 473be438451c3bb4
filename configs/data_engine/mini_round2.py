# A second round on the mini data: the encoder pretrained on the regions of mini.py embeds them anew, all boxes of
# an image in one pass, and new clusters come of it. First: configs/quick/rice_vit-tiny_mini.py.
_base_ = ['mini.py']
out_dir = 'data/mini/regions_round2'
engine = dict(
    embed=dict(
        _delete_=True, type='mmrice.RICERegionEncoder', checkpoint='work_dirs/rice_vit-tiny_mini/latest.pth'))
