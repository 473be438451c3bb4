# kNN of boxes in real aerial photos: trees, and boxes of their sizes where no tree is (fewer where none fits).
# Validation photos are others. Each region is the mean of its patch tokens. Nothing is trained.
_base_ = ['_base_/boxes.py']
steps = _base_.steps
steps[1].scale = (_base_.tree_side, _base_.tree_side)
data = _base_.data
data.pipeline = steps
model = dict(
    prototype=dict(
        **_base_.loader,
        dataset=dict(**data, ann_file='splits/trees_train.json', data_prefix=dict(img='probes/trees/train/'))))
test_dataloader = dict(
    **_base_.loader,
    dataset=dict(**data, ann_file='splits/trees_val.json', data_prefix=dict(img='probes/trees/val/')))
test_evaluator = [_base_.measure]
