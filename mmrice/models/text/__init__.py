"""Text encoders."""
from .text_transformer import TextTransformer, text_lengths

__all__ = ['TextTransformer', 'text_lengths']
