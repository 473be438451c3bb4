# Image retrieval by cosine on frozen features. Nothing is trained: the checkpoint given to tools/test.py is the
# encoder's, a pretraining checkpoint or whatever docs/weights.md lists. A config fills in `backbone` and `prototype`.
model = dict(type='mmrice.ImageRetriever', backbone=dict(type='mmrice.RICEViT'))
custom_hooks = [dict(type='mmrice.EncoderCheckpointHook')]
