"""The region data engine: images -> boxes, text, embeddings, clusters -> region shards.

The parts are registered in :data:`mmrice.registry.ENGINE_STAGES` and chosen by a config; :class:`.build.Build` runs
them.
"""
from .clustering import FaissKMeans, HierarchicalKMeans
from .encoders import HandcraftedEncoder, HuggingFaceEncoder, MMPretrainEncoder, OpenCLIPEncoder, RICERegionEncoder
from .executors import LocalExecutor, RayExecutor
from .ocr import RapidOCRReader
from .proposers import (
    AnnotationProposer,
    ONNXSAMProposer,
    SAMProposer,
    SelectiveSearchProposer,
    WholeImageProposer,
)
from .sources import CocoImages, ImageFolders, ImageList, MixedSources, WebDatasetTars
from .token_vocabulary import BPEVocabulary, HFTokenizerVocabulary
from .vocabulary import WordVocabulary
from .whitening import PCAWhitening

__all__ = ['AnnotationProposer', 'BPEVocabulary', 'CocoImages', 'FaissKMeans', 'HFTokenizerVocabulary',
           'HandcraftedEncoder', 'HierarchicalKMeans', 'HuggingFaceEncoder', 'ImageFolders', 'ImageList',
           'LocalExecutor', 'MMPretrainEncoder', 'MixedSources', 'ONNXSAMProposer', 'OpenCLIPEncoder', 'PCAWhitening',
           'RICERegionEncoder', 'RapidOCRReader', 'RayExecutor', 'SAMProposer', 'SelectiveSearchProposer',
           'WebDatasetTars', 'WholeImageProposer', 'WordVocabulary']
