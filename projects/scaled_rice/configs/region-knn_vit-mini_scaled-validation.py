# What learning rates are chosen by: kNN of regions on scenes apart from all that the tables are measured on.
_base_ = ['region-knn_vit-mini_scaled-scenes.py']
test_dataloader = dict(
    dataset=dict(
        _delete_=True, **_base_.data, ann_file='splits/validation.json', data_prefix={{_base_.train}}))
test_evaluator = dict(_delete_=True, type='mmrice.NeighbourPurity')
