"""Text encoders."""
from .hugging_face_text import HuggingFaceText
from .text_transformer import TextTransformer, text_lengths

__all__ = ['HuggingFaceText', 'TextTransformer', 'text_lengths']
