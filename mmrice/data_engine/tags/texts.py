"""Tags out of captions and phrases."""
import functools
import importlib.metadata
import re
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from mmrice.registry import ENGINE_STAGES

from ..phrases import PhraseExtractor
from ..phrases.taggers import require
from ..vocabulary import split_words
from ..workspace import digest
from .base import Tagged, Tagger, boxes_of, scores_of
from .names import read_names, tidy_tags

_QUOTED = re.compile(r'"[^"]*"|“[^”]*”')
_PLURAL = ('NNS', 'NNPS')


@ENGINE_STAGES.register_module()
class TextTags(Tagger):
    """What texts name: of an image its captions, of a region its phrase.

    Without ``names`` these are the nouns that a part-of-speech tagger finds, with the adjectives and nouns before them,
    in the singular; nouns that name nothing to be seen ('bottom', 'photo') are left out, and so is what stands in
    double quotes, which is written in the image and not shown. With ``names`` they are the names of that list whose
    words follow each other in the text, the longest first: of 'hot dog' and 'dog' the text 'a hot dog' has one.

    Args:
        names: Path of a list of names, one a line; None finds nouns.
        tagger: Of :class:`~mmrice.data_engine.phrases.PhraseExtractor`; None takes its own.
        adjectives: Whether adjectives are part of a name: 'black dog', not 'dog'. Without ``names``.

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
        self.extractor = PhraseExtractor(tagger, 'TAG: {<JJ.*>*<NN.*>+}' if adjectives else 'TAG: {<NN.*>+}')

    def fingerprint(self) -> List[str]:
        """The names, and what the extractor and the singular depend on."""
        return [digest(self.names), f'textblob {importlib.metadata.version("textblob")}',
                *self.extractor.fingerprint()]

    def __call__(self, images: List[np.ndarray], records: List[Dict[str, Any]], captions: List[List[str]],
                 regions: List[List[Dict[str, Any]]]) -> List[Tagged]:
        """See :meth:`Tagger.__call__`; boxes and scores are those of the phrases."""
        return [Tagged(self.tags_of(texts), boxes_of(of_image), scores_of(of_image),
                       [self.tags_of([region['text']]) for region in of_image])
                for texts, of_image in zip(captions, regions)]

    def tags_of(self, texts: List[str]) -> List[str]:
        """The tags of some texts about one thing, in their order, each once."""
        find = self._nouns if self.names is None else self._known
        return tidy_tags(name for text in texts for name in find(text))

    def _nouns(self, text: str) -> List[str]:
        return [' '.join([*(word for word, _ in chunk[:-1]), self._singular(*chunk[-1])])
                for chunk in self.extractor.chunks(_QUOTED.sub(' ', text))]

    @staticmethod
    def _singular(word: str, tag: str) -> str:
        from textblob.en.inflect import singularize
        return singularize(word) if tag in _PLURAL else word

    @functools.cached_property
    def _index(self) -> Dict[Tuple[str, ...], str]:
        return {tuple(split_words(name)): name for name in self.names}

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
