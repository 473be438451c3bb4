# Budget smoke: tries the machinery in minutes; its numbers mean nothing.
root = 'data/scaled_rice/smoke/'
scenes = dict(pretraining=96, bank=8, validation=4, seen=4, unseen=8, side=128)
side, tree_side, patch, width, num_heads, num_workers = 64, 64, 16, 32, 2, 0
arch = dict(embed_dims=32, num_layers=1, num_heads=2, feedforward_channels=64)
text_arch = dict(embed_dims=32, num_layers=1, num_heads=2, feedforward_channels=64)
num_classes = dict(object=12, ocr=256, image=4)
pretraining = dict(iters=3, batch=4)
probe = dict(iters=4, batch=2)
