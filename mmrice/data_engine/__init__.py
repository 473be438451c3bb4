"""The region data engine: images -> boxes, text, embeddings, clusters, captions, phrases, tags, masks -> region
shards.

The parts are registered in :data:`mmrice.registry.ENGINE_STAGES` and chosen by a config; :class:`.build.Build` runs
them.
"""
from .captioners import AnnotatedCaptions, HuggingFaceCaptioner, SourceCaptions
from .clustering import FaissKMeans, HierarchicalKMeans
from .encoders import HandcraftedEncoder, HuggingFaceEncoder, MMPretrainEncoder, OpenCLIPEncoder, RICERegionEncoder
from .executors import LocalExecutor, RayExecutor
from .grounders import AnnotatedPhrases, OWLv2Grounder, RegionCaptioner
from .maskers import AnnotatedMasks, SAMMasker
from .ocr import RapidOCRReader
from .phrases import NLTKTagger, PhraseExtractor, TextBlobTagger
from .proposers import (
    AnnotationProposer,
    ONNXSAMProposer,
    SAMProposer,
    SelectiveSearchProposer,
    WholeImageProposer,
)
from .sources import CocoImages, ImageFolders, ImageList, MixedSources, WebDatasetTars
from .tags import AnnotatedTags, HuggingFaceTagger, TagList, TagVocabulary, TextTags
from .token_vocabulary import BPEVocabulary, HFTokenizerVocabulary
from .vocabulary import WordVocabulary
from .whitening import PCAWhitening

__all__ = ['AnnotatedCaptions', 'AnnotatedMasks', 'AnnotatedPhrases', 'AnnotatedTags', 'AnnotationProposer',
           'BPEVocabulary', 'CocoImages', 'FaissKMeans', 'HFTokenizerVocabulary', 'HandcraftedEncoder',
           'HierarchicalKMeans', 'HuggingFaceCaptioner', 'HuggingFaceEncoder', 'HuggingFaceTagger', 'ImageFolders',
           'ImageList', 'LocalExecutor', 'MMPretrainEncoder', 'MixedSources', 'NLTKTagger', 'ONNXSAMProposer',
           'OWLv2Grounder', 'OpenCLIPEncoder', 'PCAWhitening', 'PhraseExtractor', 'RICERegionEncoder', 'RapidOCRReader',
           'RayExecutor', 'RegionCaptioner', 'SAMMasker', 'SAMProposer', 'SelectiveSearchProposer', 'SourceCaptions',
           'TagList', 'TagVocabulary', 'TextBlobTagger', 'TextTags', 'WebDatasetTars', 'WholeImageProposer',
           'WordVocabulary']
