"""Tags out of captions and phrases."""
import importlib.metadata
import re
import unicodedata
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from ..phrases import PhraseExtractor
from ..phrases.taggers import require
from ..vocabulary import split_words
from ..workspace import digest
from .base import Tagged, Tagger, boxes_of, numbers_of, scores_of
from .names import read_names, tidy_tags

_QUOTED = re.compile(r'"[^"]*"|“[^”]*”')
_PLURAL = ('NNS', 'NNPS')
_TELLING = '#%@*'  # beside the symbols of Unicode: 'c#' is not 'c', but 'st. bernard' is 'st bernard'


@ENGINE_STAGES.register_module()
class TextTags(Tagger):
    """What texts name: of an image its captions, of a region its phrase.

    Without ``names`` these are the nouns that a part-of-speech tagger finds, with the adjectives and nouns before them,
    in the singular; nouns that name nothing to be seen ('bottom', 'photo') are left out. With ``names`` they are the
    names of that list whose words follow each other in the text, the longest first: of 'hot dog' and 'dog' the text 'a
    hot dog' has one. What stands in double quotes is written in the image and not shown: it has no tags.

    Args:
        names: Path of a list of names, one a line; None finds nouns.
        tagger: Of :class:`~mmrice.data_engine.phrases.PhraseExtractor`; None takes its own.
        adjectives: Whether adjectives are part of a name: 'black dog', not 'dog'. Without ``names``.

    Raises:
        UserError: A name cannot be found by its words: it has none, those of another one, or symbols beside them.

    Example:
        >>> TextTags().tags_of(['A black dog and two deck chairs on the grass.'])
        ['black dog', 'deck chair', 'grass']
    """
    needs_texts = True

    def __init__(self, names: Optional[str] = None, tagger: Optional[Dict[str, Any]] = None,
                 adjectives: bool = True) -> None:
        super().__init__()
        require('textblob', 'engine.tag')
        self.names = None if names is None else read_names(names, 'engine.tag.names')
        self._index = {} if names is None else _by_words(self.names, names)
        self.extractor = PhraseExtractor(tagger, 'TAG: {<JJ.*>*<NN.*>+}' if adjectives else 'TAG: {<NN.*>+}')

    def fingerprint(self) -> List[str]:
        """The names, and what the extractor and the singular depend on."""
        return [digest(self.names), f'textblob {importlib.metadata.version("textblob")}',
                *self.extractor.fingerprint()]

    def __call__(self, images: List[np.ndarray], records: List[Dict[str, Any]], captions: List[List[str]],
                 regions: List[List[Dict[str, Any]]]) -> List[Tagged]:
        """See :meth:`Tagger.__call__`; boxes and scores are those of the phrases."""
        return [Tagged(self.tags_of(texts), boxes_of(of_image), scores_of(of_image),
                       [self.tags_of([region['text']]) for region in of_image], numbers=numbers_of(of_image))
                for texts, of_image in zip(captions, regions)]

    def tags_of(self, texts: List[str]) -> List[str]:
        """The tags of some texts about one thing, in their order, each once."""
        find = self._nouns if self.names is None else self._known
        return tidy_tags(name for text in texts for name in find(_QUOTED.sub(' ', text)))

    def _nouns(self, text: str) -> List[str]:
        return [' '.join([*(word for word, _ in chunk[:-1]), self._singular(*chunk[-1])])
                for chunk in self.extractor.chunks(text)]

    @staticmethod
    def _singular(word: str, tag: str) -> str:
        from textblob.en.inflect import singularize
        return singularize(word) if tag in _PLURAL else word

    def _known(self, text: str) -> List[str]:
        words, start, found = split_words(text), 0, []
        longest = max(map(len, self._index))
        while start < len(words):
            for end in range(min(start + longest, len(words)), start, -1):
                name = self._name(words[start:end])
                if name is not None:
                    found.append(name)
                    start = end - 1
                    break
            start += 1
        return found

    def _name(self, words: List[str]) -> Optional[str]:
        """The name that some words are, as they are or with the last one in the singular."""
        return self._index.get(tuple(words)) or self._index.get((*words[:-1], self._singular(words[-1], 'NNS')))


def _by_words(names: List[str], path: str) -> Dict[Tuple[str, ...], str]:
    """The names by their words; all that a text is searched for."""
    found: Dict[Tuple[str, ...], str] = {}
    for name in names:
        words = tuple(split_words(name))
        lost = next((one for one in name if one in _TELLING or unicodedata.category(one)[0] == 'S'), None)
        if not words or lost:
            raise UserError(f'{path}: {name!r} cannot be found in texts, which are searched for words of letters and '
                            f'digits: {f"{lost!r} is no part of one" if lost else "it has none"}. Write it in words, '
                            'or leave it out.')
        if words in found:
            raise UserError(f'{path}: {found[words]!r} and {name!r} have the same words, by which they are found in '
                            'texts. Leave one out.')
        found[words] = name
    return found
