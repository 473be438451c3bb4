"""Masks: which pixels of its box a region is."""
from .annotated import AnnotatedMasks
from .base import Masker
from .sam import SAMMasker

__all__ = ['AnnotatedMasks', 'Masker', 'SAMMasker']
