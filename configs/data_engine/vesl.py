# Captions, phrases and boxes as CLOC's VESL labels them, on a Ray cluster (--executor ray): images are captioned anew,
# noun phrases of the captions are looked for by an open-vocabulary detector, and the best phrase of a box is its text.
# Stated by the paper (sec. 4, App. C): NLTK's tagger and chunk grammar, 20 phrases at most, OWLv2 CLIP L/14 ST+FT at
# 448 px, scores over 0.1; 300M images have 11.6 boxes each, texts of 2.1 tokens. Not stated, or not released, and
# chosen: the captioner (the paper: VeCap) and its prompt, lists of generic and stop words, overlap of boxes (0.7),
# sizes of images. Not run by us.
out_dir = 'data/vesl'
engine = dict(
    ingest=dict(
        type='mmrice.WebDatasetTars',
        sources=dict(laion='data/laion2b/*.tar', coyo='data/coyo700m/*.tar'),
        min_edge=224,
        max_edge=1024),
    caption=dict(
        type='mmrice.HuggingFaceCaptioner', path='checkpoints/llava-1.5-7b-hf', device='cuda', dtype='bfloat16',
        prompt='Describe what is in this image in two sentences.', batch_size=32),
    phrases=dict(
        type='mmrice.PhraseExtractor', tagger=dict(type='mmrice.NLTKTagger', data_dir='checkpoints/nltk_data'),
        grammar='NP: {<DT>?<JJ.*>*<NN.*>+}', max_phrases=20),
    ground=dict(
        type='mmrice.OWLv2Grounder', path='checkpoints/owlv2-large-patch14-finetuned', device='cuda', dtype='bfloat16',
        input_size=448, max_queries=20, min_score=0.1, nms_iou=0.7, batch_size=32),
    label={})
