# Weighted kNN on frozen features, DINO's protocol: 20 neighbours, weights exp(cosine / 0.07). Nothing is trained: the
# checkpoint given to tools/test.py is the encoder's, a pretraining checkpoint or whatever docs/weights.md lists.
# A config fills in `backbone` and `prototype`.
model = dict(
    type='mmrice.KNNClassifier', backbone=dict(type='mmrice.RICEViT'), num_classes=1000, k=20, temperature=0.07)
custom_hooks = [dict(type='mmrice.EncoderCheckpointHook')]
