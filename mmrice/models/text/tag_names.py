"""TagNames: the names of tags, as tokens."""
import json
from pathlib import Path
from typing import List, Optional, Union

import numpy as np
from torch import Tensor

from mmrice.utils import UserError
from mmrice.utils.tokenizers import TextTokenizer


class TagNames:
    """Tokens of the names of T tags.

    Args:
        names (list | str): The names, in the order of their indices; or ``tag_vocab.json`` of some region shards, a
            list of them.
        template (str): What is said of a tag, '{}' stands for its name. Defaults to '{}'.
        num_tokens (int): Most tokens of a text; None is 77. Defaults to 77.
        vocab_path, hf_tokenizer (str, optional): See :class:`mmrice.TokenizeTexts`. Defaults to None.

    Raises:
        UserError: The file is no list of names, there is none, or the template lacks '{}'.
    """

    def __init__(self, names: Union[str, List[str]], template: str = '{}', num_tokens: Optional[int] = 77,
                 vocab_path: Optional[str] = None, hf_tokenizer: Optional[str] = None) -> None:
        self.names = read_names(names) if isinstance(names, str) else list(names)
        wanting = [name for name in self.names if not name.strip() or self.names.count(name) > 1]
        if wanting:
            raise UserError(f'model.tags: name {wanting[0]!r} is empty or there twice; each tag needs its own.')
        if not self.names or '{}' not in template:
            raise UserError(f'model.tags: {len(self.names)} names and template={template!r}, expected a name or '
                            "more, and '{}' in the template.")
        tokenizer = TextTokenizer(num_tokens or 77, vocab_path, hf_tokenizer)
        self._tokens = tokenizer.batch([template.replace('{}', name) for name in self.names])

    def __len__(self) -> int:
        return len(self.names)

    def __call__(self, tags: Tensor) -> np.ndarray:
        """Tokens of some tags, indices of shape (S,), on the CPU; int, shape (S, longest of all)."""
        return self._tokens[tags.numpy()]


def read_names(path: str) -> List[str]:
    """The list of a ``tag_vocab.json``.

    Raises:
        UserError: It is missing or no list of texts.
    """
    try:
        names = json.loads(Path(path).read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise UserError(f'{path}: cannot be read ({error}). Set model.tags.names to the tag_vocab.json of the region '
                        'shards, which tools/build_region_data.py writes.') from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UserError(f'{path}: is no JSON list of names. Expected the tag_vocab.json of some region shards.')
    return names
