"""Ground: where an image has what a phrase names."""
from .annotated import AnnotatedPhrases
from .base import Grounded, Grounder
from .owlv2 import OWLv2Grounder
from .region_captions import RegionCaptioner

__all__ = ['AnnotatedPhrases', 'Grounded', 'Grounder', 'OWLv2Grounder', 'RegionCaptioner']
