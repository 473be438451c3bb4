"""Names of classes and phrases as unit vectors."""
from pathlib import Path
from typing import Callable, List, Optional, Sequence, Union

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmrice.utils import UserError
from mmrice.utils.tokenizers import TextTokenizer


def encode_texts(encoder: nn.Module, tokenizer: TextTokenizer, texts: Sequence[str], device: torch.device,
                 batch_size: int = 256) -> Tensor:
    """Embed texts.

    Args:
        encoder: A :class:`mmrice.TextTransformer` or :class:`mmrice.HuggingFaceText` with ``out_dims``.
        tokenizer: See :func:`tokenizer_for`.
        texts: N of them.
        device: Of the encoder.
        batch_size: Texts at a time. Defaults to 256.

    Returns:
        Tensor: Unit vectors, float32, shape (N, D).
    """
    parts = []
    for start in range(0, len(texts), batch_size):
        ids = torch.from_numpy(tokenizer.batch(texts[start:start + batch_size])).long()
        parts.append(F.normalize(encoder(ids.to(device))[1].float(), dim=1))
    return torch.cat(parts) if parts else torch.empty(0, 0, device=device)


def tokenizer_for(encoder: nn.Module, vocab_path: Optional[str], hf_tokenizer: Optional[str]) -> TextTokenizer:
    """A tokenizer that cuts texts off where the encoder's tokens end, at 77 where they have no end (CLIP's number)."""
    return TextTokenizer(encoder.num_tokens or 77, vocab_path, hf_tokenizer)


def class_vectors(embed: Callable[[List[str]], Tensor], classes: Sequence[Union[str, Sequence[str]]],
                  templates: Sequence[str]) -> Tensor:
    """One vector a class: the mean of its texts' unit vectors, made a unit vector again.

    Underscores of names become spaces ('bat_(animal)' of LVIS is asked for as 'bat (animal)'): a choice.

    Args:
        embed: Texts -> unit vectors, shape (number of texts, D).
        classes: The name of each of the C classes, or several.
        templates: Texts in which '{}' stands for the name.

    Returns:
        Tensor: shape (C, D).

    Raises:
        UserError: There is no class or template, a class without a name, or a template without '{}'.
    """
    names = [[own] if isinstance(own, str) else list(own) for own in classes]
    if not names or not templates or not all(names):
        raise UserError(f'{len(classes)} classes and {len(templates)} templates, expected at least one of each, and a '
                        'name for each class.')
    wrong = [template for template in templates if '{}' not in template]
    if wrong:
        raise UserError(f"template {wrong[0]!r} has no {{}}, which stands for the name, as in 'a photo of a {{}}.'")
    texts = [template.replace('{}', name.replace('_', ' ')) for own in names for name in own for template in templates]
    parts = embed(texts).split([len(own) * len(templates) for own in names])
    return F.normalize(torch.stack([part.mean(dim=0) for part in parts]), dim=1)


def read_lines(value: Union[str, Sequence[str]], what: str) -> List[str]:
    """Texts of a config, or those of a file, one a line.

    Args:
        value: The texts, or the path of the file; its empty lines are left out.
        what: Name of the option, for the message.

    Raises:
        UserError: The file is missing or holds nothing.
    """
    if not isinstance(value, str):
        return list(value)
    try:
        lines = Path(value).expanduser().read_text(encoding='utf-8').splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f'{what}={value!r}: cannot be read ({error}). Expected a list, or a text file with one a line.'
                        ) from error
    lines = [line.strip() for line in lines if line.strip()]
    if not lines:
        raise UserError(f'{value}: is empty, expected one line for each of {what}.')
    return lines
