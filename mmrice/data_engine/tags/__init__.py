"""Tags: what an image and its regions show, as names that are classes."""
from .annotated import AnnotatedTags
from .base import Tagged, Tagger
from .hugging_face import HuggingFaceTagger
from .texts import TextTags
from .vocabulary import TagList, TagVocabulary

__all__ = ['AnnotatedTags', 'HuggingFaceTagger', 'TagList', 'TagVocabulary', 'Tagged', 'Tagger', 'TextTags']
