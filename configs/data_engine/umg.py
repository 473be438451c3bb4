# Captions, tags and masks of images and regions for UMG-CLIP by models in local folders, on a Ray cluster (--executor
# ray). Stated by the authors (abstract, card of UMG-41M): pseudo annotations: tags and captions of images and of
# regions, and masks, for images of CC3M, CC12M, SBU, VG, YFCC15M and IN21K. We could not read by which models and with
# which settings; all are chosen here: SAM's boxes and masks, BLIP-2 for captions of images and of crops, SigLIP for
# tags out of a list that you write, one name a line. Not run by us.
# With embed and cluster of rice_1m.py its boxes get clusters, too, for RICE's terms.
out_dir = 'data/umg'
names = 'data/tags.txt'
captioner = dict(
    type='mmrice.HuggingFaceCaptioner', path='checkpoints/blip2-opt-2.7b', device='cuda', dtype='bfloat16',
    max_new_tokens=40, batch_size=64)
engine = dict(
    ingest=dict(
        type='mmrice.WebDatasetTars',
        sources=dict(cc3m='data/cc3m/*.tar', cc12m='data/cc12m/*.tar', sbu='data/sbu/*.tar'),
        min_edge=224,
        max_edge=1024),
    propose=dict(
        type='mmrice.SAMProposer', model='checkpoints/sam-vit-huge', device='cuda', min_edge=64, nms_iou=0.7,
        max_regions=16),
    caption=captioner,
    ground=dict(type='mmrice.RegionCaptioner', captioner=captioner, pad=0.1),
    tag=dict(
        type='mmrice.HuggingFaceTagger', path='checkpoints/siglip-so400m-patch14-384', names=names, min_score=0.1,
        top_k=10, device='cuda', dtype='bfloat16'),
    mask=dict(type='mmrice.SAMMasker', model='checkpoints/sam-vit-huge', device='cuda', min_score=0.5),
    label=dict(tags=dict(type='mmrice.TagList', path=names)))
