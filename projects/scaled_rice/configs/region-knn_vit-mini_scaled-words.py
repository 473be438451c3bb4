# kNN of the words of composed scenes in their true boxes, each word a class and each region the mean of its patch
# tokens; words that the pretraining scenes have (seen) and others (unseen). Nothing is trained.
_base_ = ['_base_/boxes.py']
train, val = dict(img='probes/scenes/train/'), dict(img='probes/scenes/val/')
model = dict(
    prototype=dict(
        **_base_.loader,
        dataset=dict(
            type='ConcatDataset',
            datasets=[
                dict(**_base_.data, ann_file='splits/words_bank.json', data_prefix=train),
                dict(**_base_.data, ann_file='splits/words_unseen_bank.json', data_prefix=val)
            ])))
test_dataloader = dict(
    **_base_.loader,
    dataset=dict(
        type='ConcatDataset',
        datasets=[
            dict(**_base_.data, ann_file='splits/words_seen.json', data_prefix=train),
            dict(**_base_.data, ann_file='splits/words_unseen.json', data_prefix=val)
        ]))
test_evaluator = dict(
    type='MultiDatasetsEvaluator', metrics=[_base_.measure] * 2, dataset_prefixes=['seen', 'unseen'])
