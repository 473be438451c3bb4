"""Ground: where an image has what a phrase names."""
from .annotated import AnnotatedPhrases
from .base import Grounded, Grounder

__all__ = ['AnnotatedPhrases', 'Grounded', 'Grounder']
