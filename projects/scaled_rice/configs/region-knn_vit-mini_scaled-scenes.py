# kNN of the things of composed scenes in their true boxes, 10 classes, each region the mean of its patch tokens; the
# bank has the same cut-outs (seen) or others (unseen). Nothing is trained.
_base_ = ['_base_/boxes.py']
train, val = dict(img='probes/scenes/train/'), dict(img='probes/scenes/val/')
model = dict(
    prototype=dict(**_base_.loader, dataset=dict(**_base_.data, ann_file='splits/bank.json', data_prefix=train)))
test_dataloader = dict(
    **_base_.loader,
    dataset=dict(
        type='ConcatDataset',
        datasets=[
            dict(**_base_.data, ann_file='splits/seen.json', data_prefix=train),
            dict(**_base_.data, ann_file='splits/unseen.json', data_prefix=val)
        ]))
test_evaluator = dict(
    type='MultiDatasetsEvaluator', metrics=[_base_.measure] * 2, dataset_prefixes=['seen', 'unseen'])
