# Composed scenes of 128 px as label maps: 480 to train on, of which the last 80 are held out as new compositions of the
# same cut-outs.
_base_ = ['../../../../configs/_base_/datasets/mini_scenes_semantic.py']
data_root = 'data/transfer_table/scenes/'
train_dataloader = dict(batch_size=16, dataset=dict(data_root=data_root, indices=400))
val_dataloader = dict(
    batch_size=8,
    dataset=dict(
        data_root=data_root, indices=-80, data_prefix=dict(img_path='train', seg_map_path='seg/train')))
test_dataloader = val_dataloader
