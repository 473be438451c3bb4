"""Phrases: what a caption names."""
from .extractor import PhraseExtractor
from .taggers import NLTKTagger, TextBlobTagger

__all__ = ['NLTKTagger', 'PhraseExtractor', 'TextBlobTagger']
