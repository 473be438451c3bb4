"""The region data engine: images -> boxes, text, embeddings, clusters -> region shards.

The parts are registered in :data:`mmrice.registry.ENGINE_STAGES` and chosen by a config; :class:`.build.Build` runs
them.
"""
from .clustering import FaissKMeans
from .encoders import HandcraftedEncoder, MMPretrainEncoder
from .executors import LocalExecutor
from .ingest import ImageFolders
from .ocr import RapidOCRReader
from .proposers import AnnotationProposer, SelectiveSearchProposer, WholeImageProposer
from .vocabulary import WordVocabulary
from .whitening import PCAWhitening

__all__ = ['AnnotationProposer', 'FaissKMeans', 'HandcraftedEncoder', 'ImageFolders', 'LocalExecutor',
           'MMPretrainEncoder', 'PCAWhitening', 'RapidOCRReader', 'SelectiveSearchProposer', 'WholeImageProposer',
           'WordVocabulary']
