"""Text tokenizers of local files; nothing is downloaded.

They are here, not among the models, because a worker of the data engine needs no model: importing those takes seconds.
"""
import functools
import gzip
import importlib.util
import sys
import zlib
from pathlib import Path
from types import ModuleType
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from .errors import UserError


def clip_vocab_file(vocab_path: Optional[str] = None) -> Path:
    """The file of merges of CLIP's tokenizer.

    Args:
        vocab_path: Another file in the same format: gzipped text, a heading, then one merge ('th e</w>') a line. None
            takes the one in the wheel of open_clip_torch, 49,408 tokens.

    Raises:
        UserError: No such file, or open_clip_torch is not installed.
    """
    path = _open_clip() / 'bpe_simple_vocab_16e6.txt.gz' if vocab_path is None else Path(vocab_path).expanduser()
    if not path.is_file():
        raise UserError(f'{path}: no such file. Expected the merges of a BPE tokenizer (.txt.gz); leave vocab_path out '
                        'for those of CLIP, which come with open_clip_torch.')
    return path


def load_clip_tokenizer(vocab_path: Optional[str] = None) -> Any:
    """CLIP's byte-pair tokenizer as open_clip has it.

    ``encode(text)`` gives ids without start and end; ``encoder`` is {token: id}; called with texts it gives padded ids,
    shape (N, 77), int64, with start and end. It lower-cases.

    Args:
        vocab_path: See :func:`clip_vocab_file`. Merges beyond 49,408 tokens are not used.

    Raises:
        UserError: The file is missing or not in the format, or open_clip_torch is not installed.

    Example:
        >>> load_clip_tokenizer().encode('Hello world')
        [3306, 1002]
    """
    path = clip_vocab_file(vocab_path)
    if vocab_path is not None:
        _check_merges(path)
    return _open_clip_tokenizer().SimpleTokenizer(str(path))


def load_hf_tokenizer(folder: str) -> Any:
    """A Hugging Face tokenizer of a local folder.

    Args:
        folder: As ``save_pretrained`` writes it.

    Raises:
        UserError: The folder is missing or holds no tokenizer, or transformers is not installed.
    """
    if not Path(folder).expanduser().is_dir():
        raise UserError(f'{folder}: no such folder. Expected the local folder of a Hugging Face tokenizer '
                        '(tokenizer.json, tokenizer_config.json, ...); nothing is downloaded.')
    _find('transformers', 'A Hugging Face tokenizer')
    from transformers import AutoTokenizer
    try:
        return AutoTokenizer.from_pretrained(str(Path(folder).expanduser()), local_files_only=True,
                                             trust_remote_code=False)
    except Exception as error:  # what is raised depends on the tokenizer's class
        reason = str(error).strip().partition('\n')[0] or type(error).__name__
        raise UserError(f'{folder}: cannot be loaded as a Hugging Face tokenizer ({reason}). Expected what '
                        '`tokenizer.save_pretrained(folder)` writes.') from error


class TextTokenizer:
    """Texts to ids with special tokens, for text encoders: CLIP's byte pairs, or a Hugging Face tokenizer.

    Args:
        num_tokens: Most tokens of a text; of a longer one the rest is left out, the end token stays.
        vocab_path: See :func:`clip_vocab_file`. Defaults to None, CLIP's.
        hf_tokenizer: Folder of a Hugging Face tokenizer, with the special tokens that it adds. Defaults to None.

    Attributes:
        pad_id: What stands behind shorter texts of a batch.

    Raises:
        UserError: Both are given, a file is missing, or a package.
    """

    def __init__(self, num_tokens: int = 77, vocab_path: Optional[str] = None,
                 hf_tokenizer: Optional[str] = None) -> None:
        if vocab_path is not None and hf_tokenizer is not None:
            raise UserError('give vocab_path or hf_tokenizer, not both.')
        if num_tokens < 3:
            raise UserError(f'num_tokens={num_tokens}, expected 3 or more: start, a token, end.')
        self.num_tokens, self._hugging_face = num_tokens, hf_tokenizer is not None
        self._tokenizer: Any = load_hf_tokenizer(hf_tokenizer) if hf_tokenizer else load_clip_tokenizer(vocab_path)
        self.pad_id = int(self._tokenizer.pad_token_id or 0) if hf_tokenizer else 0

    def __call__(self, text: str) -> List[int]:
        """Ids of a text."""
        if self._hugging_face:
            return self._tokenizer(text, truncation=True, max_length=self.num_tokens)['input_ids']
        start, end = self._tokenizer.all_special_ids
        return [start, *self._tokenizer.encode(text)[:self.num_tokens - 2], end]

    def batch(self, texts: Sequence[str]) -> np.ndarray:
        """Ids of N texts, padded to the longest, int32, shape (N, T)."""
        rows = [self(text) for text in texts]
        padded = np.full((len(rows), max(map(len, rows), default=0)), self.pad_id, dtype=np.int32)
        for row, tokens in zip(padded, rows):
            row[:len(tokens)] = tokens
        return padded


def tokens_by_id(encoder: Dict[str, int]) -> List[str]:
    """{token: id} as a list; an id without a token has ''."""
    tokens = [''] * (1 + max(encoder.values()))
    for token, number in encoder.items():
        tokens[number] = token
    return tokens


def _find(package: str, what: str) -> Path:
    """Folder of an installed package, which is not imported."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        from mmrice.compat import install_hint
        raise UserError(f'{what} needs {package}, which is not installed. {install_hint(package)}')
    return Path(spec.origin).parent


def _open_clip() -> Path:
    return _find('open_clip', "CLIP's tokenizer")


@functools.lru_cache(maxsize=1)
def _open_clip_tokenizer() -> ModuleType:
    """The module open_clip.tokenizer without the rest of its package, which imports timm and torchvision."""
    if 'open_clip.tokenizer' in sys.modules:
        return sys.modules['open_clip.tokenizer']
    spec = importlib.util.spec_from_file_location('_open_clip_tokenizer', _open_clip() / 'tokenizer.py')
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        from mmrice.compat import install_hint
        raise UserError(f"CLIP's tokenizer needs {error.name}, which is not installed. {install_hint(error.name)}"
                        ) from error
    return module


def _check_merges(path: Path) -> None:
    try:
        with gzip.open(path, 'rt', encoding='utf-8', newline='\n') as stream:
            merges = stream.read().split('\n')[1:]
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise UserError(f'{path}: cannot be read as gzipped text ({error}). Expected the merges of a BPE tokenizer, '
                        "such as CLIP's bpe_simple_vocab_16e6.txt.gz.") from error
    for number, line in enumerate(merges, 2):
        if len(line.split()) != 2 and not (line == '' and number == len(merges) + 1):
            raise UserError(f'{path}: line {number}: {line[:40]!r} is no merge. Expected two tokens and a space '
                            'between them.')
