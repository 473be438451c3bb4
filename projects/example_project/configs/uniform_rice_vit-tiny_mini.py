# RICE with the project's own head on the mini regions, inherited by package. Run it in the project's folder.
_base_ = 'mmrice::quick/rice_vit-tiny_mini.py'
model = dict(head=dict(type='example_project.UniformHead', uniform_weight=0.1))
train_dataloader = dict(dataset=dict(data_root='../../data/mini/regions'))
