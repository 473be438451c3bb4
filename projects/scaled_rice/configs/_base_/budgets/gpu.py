# Budget gpu: ViT-S (384 channels, 12 layers) with patches of 16 px and images of 224 px, for one modern GPU. Text is
# read by the data engine at 256 px. `iters` and `batch` are those of each pretraining and of each probe.
root = 'data/scaled_rice/gpu/'
scenes = dict(pretraining=4000, bank=800, validation=100, seen=200, unseen=400, side=256)
side, tree_side, patch, width, num_heads, num_workers = 224, 256, 16, 384, 6, 4
arch = dict(embed_dims=384, num_layers=12, num_heads=6, feedforward_channels=1536)
text_arch = dict(embed_dims=256, num_layers=4, num_heads=4, feedforward_channels=1024)
num_classes = dict(object=400, ocr=256, image=200)
pretraining = dict(iters=300, batch=128)
probe = dict(iters=150, batch=16)
