"""Words as labels of OCR regions."""
import re
import unicodedata
from collections import Counter
from typing import Dict, Iterable, List, Optional

from mmrice.registry import ENGINE_STAGES

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def split_words(text: str) -> List[str]:
    """Lower-cased words of a text in order; punctuation separates them.

    Example:
        >>> split_words("Joe's CAFE-bar, 24h")
        ["joe's", 'cafe', 'bar', '24h']
    """
    return _WORD.findall(unicodedata.normalize('NFKC', text).casefold().replace('’', "'"))


@ENGINE_STAGES.register_module()
class WordVocabulary:
    """The frequent words of the data; a word's index is its label.

    The paper labels OCR regions with a text tokenizer (:class:`.token_vocabulary.BPEVocabulary`). Whole words mean
    something at a size where tokens would be seen once. While the words are counted, memory holds every different word
    of the data.

    Args:
        min_count: Words in fewer regions are left out.
        min_chars: Shorter words are left out; single characters are mostly false readings.
        max_words: Keep the most frequent; None keeps all.
    """
    version = 1

    def __init__(self, min_count: int = 2, min_chars: int = 2, max_words: Optional[int] = None) -> None:
        self.min_count, self.min_chars, self.max_words = min_count, min_chars, max_words

    def build(self, texts: Iterable[str]) -> List[str]:
        """Choose the words.

        Args:
            texts: One text a region.

        Returns:
            list: Words in alphabetical order.
        """
        counts = Counter(word for text in texts for word in set(split_words(text)))
        good = sorted((word for word, count in counts.items()
                       if count >= self.min_count and len(word) >= self.min_chars), key=lambda w: (-counts[w], w))
        return sorted(good[:self.max_words])

    def labels(self, text: str, index: Dict[str, int]) -> List[int]:
        """Label a region.

        Args:
            text: What the region says.
            index: Word -> label; words that it lacks are left out.

        Returns:
            list: Labels in the order of reading, each once.
        """
        return list(dict.fromkeys(index[word] for word in split_words(text) if word in index))
