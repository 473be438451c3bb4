# The same, inherited by path: for projects that live inside a checkout of mmrice.
_base_ = '../../../configs/quick/rice_vit-tiny_mini.py'
model = dict(head=dict(type='example_project.UniformHead', uniform_weight=0.1))
train_dataloader = dict(dataset=dict(data_root='../../data/mini/regions'))
