"""Noun phrases of captions, as candidates for an open-vocabulary detector."""
import functools
import importlib.metadata
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from ..parts import build_part
from .taggers import Sentence, require
from .words import GENERIC_WORDS, STOP_WORDS


@ENGINE_STAGES.register_module()
class PhraseExtractor:
    """The noun phrases that a grammar finds in captions (CLOC, sec. 4 and App. C).

    Phrases are in lower case and in the order of the text, each once. Those of generic and of stop words alone are left
    out; CLOC does not say whether one such word is enough, which would leave out 'a photo frame' as well.

    Args:
        tagger: Config of the part-of-speech tagger; None takes :class:`.taggers.TextBlobTagger`, which needs no files.
            CLOC's is :class:`.taggers.NLTKTagger`.
        grammar: NLTK's chunk grammar over Penn Treebank tags; each chunk is a phrase.
        generic_words: Words that name nothing to be found; None takes :data:`.words.GENERIC_WORDS`.
        stop_words: None takes :data:`.words.STOP_WORDS`.
        max_phrases: Of all captions of an image.

    Example:
        >>> PhraseExtractor()(['A photo of a black dog, two deck chairs and the sky.'])
        ['a black dog', 'deck chairs', 'the sky']
    """
    version = 1

    def __init__(self, tagger: Optional[Dict[str, Any]] = None, grammar: str = 'NP: {<DT>?<JJ.*>*<NN.*>+}',
                 generic_words: Optional[Sequence[str]] = None, stop_words: Optional[Sequence[str]] = None,
                 max_phrases: int = 20) -> None:
        require('nltk')
        if max_phrases < 1:
            raise UserError(f'engine.phrases.max_phrases is {max_phrases}, expected 1 or more.')
        self.tagger = build_part(tagger or {'type': 'mmrice.TextBlobTagger'}, 'phrases.tagger')
        self.grammar, self.max_phrases = grammar, max_phrases
        self.empty_words = {*(GENERIC_WORDS if generic_words is None else generic_words),
                            *(STOP_WORDS if stop_words is None else stop_words)}

    def fingerprint(self) -> List[str]:
        """The words that are left out, NLTK's version, and what the tagger depends on."""
        return [*sorted(self.empty_words), f'nltk {importlib.metadata.version("nltk")}', str(self.tagger.version),
                *getattr(self.tagger, 'fingerprint', list)()]

    @functools.cached_property
    def _chunker(self) -> Any:
        import nltk
        try:
            return nltk.RegexpParser(self.grammar)
        except ValueError as error:
            raise UserError(f'engine.phrases.grammar: {self.grammar!r} is no chunk grammar of NLTK ({error}).'
                            ) from error

    def __call__(self, captions: Sequence[str]) -> List[str]:
        """Find the phrases in all captions of an image."""
        phrases = (' '.join(word for word, _ in chunk) for caption in captions for chunk in self.chunks(caption))
        return list(dict.fromkeys(phrases))[:self.max_phrases]

    def chunks(self, caption: str) -> Iterator[Sentence]:
        """The phrases of a caption in its order, as words in lower case with their tags; none of empty words alone."""
        for sentence in self.tagger(caption):
            if sentence:
                for chunk in self._chunker.parse(sentence).subtrees(lambda tree: tree.height() == 2):
                    words = [(word.lower(), tag) for word, tag in chunk]
                    # S is the sentence itself, where nothing in it is a chunk
                    if chunk.label() != 'S' and any(map(self._names, words)):
                        yield words

    def _names(self, word: Tuple[str, str]) -> bool:
        return word[0] not in self.empty_words and any(map(str.isalnum, word[0]))
