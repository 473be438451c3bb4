"""Caption: what an image shows, in words."""
from .annotated import AnnotatedCaptions, SourceCaptions
from .base import Captioner
from .hugging_face import HuggingFaceCaptioner

__all__ = ['AnnotatedCaptions', 'Captioner', 'HuggingFaceCaptioner', 'SourceCaptions']
