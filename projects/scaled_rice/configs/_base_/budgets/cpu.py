# Budget cpu: a ViT of 4 layers and 128 channels with patches of 16 px, images of 128 px (real photos of trees: 192 px),
# 64 tokens. The data engine reads text at 192 px. `iters` and `batch` are those of each pretraining and of each probe.
root = 'data/scaled_rice/cpu/'
scenes = dict(pretraining=2400, bank=400, validation=100, seen=200, unseen=300, side=192)
side, tree_side, patch, width, num_heads, num_workers = 128, 192, 16, 128, 4, 1
arch = dict(embed_dims=128, num_layers=4, num_heads=4, feedforward_channels=512)
text_arch = dict(embed_dims=64, num_layers=2, num_heads=2, feedforward_channels=256)
num_classes = dict(object=200, ocr=256, image=100)
pretraining = dict(iters=480, batch=32)
probe = dict(iters=150, batch=16)
