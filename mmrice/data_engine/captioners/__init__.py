"""Caption: what an image shows, in words."""
from .annotated import AnnotatedCaptions, SourceCaptions
from .base import Captioner

__all__ = ['AnnotatedCaptions', 'Captioner', 'SourceCaptions']
