# Region shards at the paper's scale: WebDataset tars, SAM boxes of at least 128 px, CLIP features, one million clusters
# by two levels of k-means, OCR over 0.7 with CLIP's BPE tokens as labels. Run on a Ray cluster (--executor ray).
# Stated by the paper (sec. 3): SAM, min edge 336 px of images and 128 px of boxes, CLIP, hierarchical k-means to 1M
# centres, OCR confidence 0.7. Not stated, and chosen: which SAM and CLIP, points and thresholds (segment-anything's
# defaults), overlap of boxes, two levels of 1000, 64 regions a centre, BPE, image size. Not run by us.
out_dir = 'data/region_shards'
engine = dict(
    ingest=dict(
        type='mmrice.WebDatasetTars',
        sources=dict(laion='data/laion2b/*.tar', coyo='data/coyo700m/*.tar'),
        min_edge=336,
        max_edge=1024),
    propose=dict(
        type='mmrice.SAMProposer', model='checkpoints/sam-vit-huge', device='cuda', min_edge=128, nms_iou=0.7,
        max_regions=64),
    ocr=dict(type='mmrice.RapidOCRReader', min_score=0.7),
    embed=dict(
        type='mmrice.HuggingFaceEncoder', path='checkpoints/clip-vit-large-patch14', device='cuda', dtype='bfloat16',
        batch_size=256),
    cluster=dict(
        type='mmrice.HierarchicalKMeans', num_clusters=1_000_000, branching=(1000, 1000), max_points_per_centroid=64),
    label=dict(vocabulary=dict(type='mmrice.BPEVocabulary')))
