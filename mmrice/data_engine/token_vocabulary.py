"""Tokens as labels of OCR regions: label = tokenizer(text), as the paper has it."""
import functools
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError
from mmrice.utils.tokenizers import clip_vocab_file, load_clip_tokenizer, load_hf_tokenizer, tokens_by_id

from .workspace import file_digest

_CACHED_WORDS = 100_000


@ENGINE_STAGES.register_module()
class BPEVocabulary:
    """The byte-pair tokens of CLIP, 49,408 of them, which come with open_clip_torch; a token's id is its label.

    Any text has tokens, whatever its script, so no region is left out. Case makes no difference. The start and end
    tokens have a class each, as in CLIP, but no region has them. The classes are the same for all data.

    Args:
        vocab_path: File with other merges in the same format (gzipped text, a heading, then one merge a line); None
            takes CLIP's.

    Example:
        >>> BPEVocabulary().labels('Hello, world! hello')
        [3306, 267, 1002, 256]
    """
    version = 1

    def __init__(self, vocab_path: Optional[str] = None) -> None:
        self.vocab_path, self.file = vocab_path, clip_vocab_file(vocab_path)

    def fingerprint(self) -> List[str]:
        """Digest of the file of merges."""
        return [file_digest(self.file)]

    @functools.cached_property
    def tokenizer(self) -> Any:
        """Loaded at first use."""
        tokenizer = load_clip_tokenizer(self.vocab_path)
        # Without its cache of special tokens a text that spells one is text.
        tokenizer.cache.clear()
        return tokenizer

    def build(self, texts: Iterable[str] = ()) -> List[str]:
        """All tokens in the order of their ids; ``texts`` is not read."""
        return tokens_by_id(self.tokenizer.encoder)

    def labels(self, text: str, index: Optional[Dict[str, int]] = None) -> List[int]:
        """Label a region.

        Args:
            text: What the region says.
            index: Not used: the tokenizer knows its ids.

        Returns:
            list: Ids in the order of reading, each once, without start and end.
        """
        if len(self.tokenizer.cache) > _CACHED_WORDS:  # it keeps every word that it has seen
            self.tokenizer.cache.clear()
        return list(dict.fromkeys(self.tokenizer.encode(text)))


@ENGINE_STAGES.register_module()
class HFTokenizerVocabulary:
    """The tokens of a Hugging Face tokenizer; a token's id is its label.

    Special tokens, that of unknown characters included, have a class each, but no region has them: a text without any
    other token is left out.

    Args:
        path: Local folder as ``tokenizer.save_pretrained`` writes it; nothing is downloaded.
    """
    version = 1

    def __init__(self, path: str) -> None:
        self.path = Path(path).expanduser()
        if not self.path.is_dir():
            raise UserError(f'engine.label.vocabulary.path: {path}: no such folder. Expected the local folder of a '
                            'Hugging Face tokenizer; nothing is downloaded.')

    def fingerprint(self) -> List[str]:
        """Digests of the folder's files, weights excepted."""
        files = sorted(file for file in self.path.iterdir() if file.suffix in ('.json', '.txt', '.model'))
        return [f'{file.name} {file_digest(file)}' for file in files]

    @functools.cached_property
    def tokenizer(self) -> Any:
        """Loaded at first use."""
        return load_hf_tokenizer(str(self.path))

    @functools.cached_property
    def _special(self) -> frozenset:
        return frozenset(self.tokenizer.all_special_ids)

    def build(self, texts: Iterable[str] = ()) -> List[str]:
        """All tokens in the order of their ids; ``texts`` is not read."""
        return tokens_by_id(self.tokenizer.get_vocab())

    def labels(self, text: str, index: Optional[Dict[str, int]] = None) -> List[int]:
        """Label a region; see :meth:`BPEVocabulary.labels`."""
        ids = self.tokenizer.encode(text, add_special_tokens=False, verbose=False)
        return [number for number in dict.fromkeys(ids) if number not in self._special]
