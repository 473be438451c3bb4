# Region shards of the mini data: some 300 images, a minute or two on two cores, no weights but RapidOCR's own.
# The paper: SAM boxes of at least 128 px, a CLIP encoder, one million clusters, PaddleOCR, a text tokenizer. Here:
# selective search, boxes of at least 32 px in 256-px images, a handcrafted descriptor that groups by look, 128
# clusters, whole words. No label is used, and no photo that trees are validated on. Photos from which validation
# scenes have their cut-outs and backgrounds are in, whole and unlabelled.
out_dir = 'data/mini/regions'
engine = dict(
    ingest=dict(
        type='mmrice.ImageFolders',
        sources=dict(photos='data/mini/photos', scenes='data/mini/scenes/train', trees='data/mini/trees/train'),
        exclude=['photos/deepforest_2019_yell_2_541000*', 'photos/deepforest_osbs_029*'],
        images_per_shard=32,
        min_edge=128,
        hint='python tools/dataset_converters/prepare_mini.py'),
    propose=dict(
        type='mmrice.SelectiveSearchProposer', work_edge=256, scales=(100, 200), min_edge=32, nms_iou=0.6,
        max_regions=24),
    ocr=dict(type='mmrice.RapidOCRReader', min_score=0.7, det_edge=480),
    embed=dict(type='mmrice.HandcraftedEncoder', size=64),
    cluster=dict(
        type='mmrice.FaissKMeans', num_clusters=128, iterations=30, seed=0,
        projection=dict(type='mmrice.PCAWhitening', dim=64, power=0.5)),
    label=dict(vocabulary=dict(type='mmrice.WordVocabulary', min_count=2, min_chars=2)))
