"""Rename and reshape weights between layouts, bit for bit."""
import re
from dataclasses import dataclass, field
from typing import Dict, List

import torch
from torch import Tensor

from .layouts import HUGGING_FACE, Layout, canonical_key, clean_key, is_buffer, key_table, namespace


@dataclass
class Converted:
    """Weights in our layout.

    Args:
        state: {our key: tensor}, without prefix.
        dropped: Keys of the file that are not the backbone's, such as those of a head.
        strange: Keys among the backbone's own that RICEViT has no place for.
        names: {our key: its name in the file}, present or not.
    """
    state: Dict[str, Tensor] = field(default_factory=dict)
    dropped: List[str] = field(default_factory=list)
    strange: List[str] = field(default_factory=list)
    names: Dict[str, str] = field(default_factory=dict)


def clean_state(state: Dict[str, Tensor]) -> Dict[str, Tensor]:
    """Weights under cleaned keys, see :func:`.layouts.clean_key`."""
    return {clean_key(key): value.detach() for key, value in state.items()}


def to_ours(state: Dict[str, Tensor], layout: Layout) -> Converted:
    """Convert to our layout; keys that are not there are left out.

    Args:
        state: {cleaned key: tensor} as in the file.
        layout: From :func:`.layouts.recognise`.

    Returns:
        Converted: The backbone's tensors, dtypes kept; queries, keys and values concatenated in this order.
    """
    result = Converted()
    prefix, used = layout.prefix, set()
    originals = {canonical_key(key): key for key in state}
    for ours, theirs in key_table(layout.name, _count_layers(state, layout)).items():
        parts = [originals.get(prefix + key, prefix + key) for key in theirs]
        used.update(parts)
        result.names[ours] = next((key for key in parts if key not in state), parts[0])
        if all(key in state for key in parts):
            tensors = [state[key] for key in parts]
            value = torch.cat(tensors) if len(tensors) > 1 else tensors[0]
            result.state[ours] = value.reshape(1, 1, -1) if ours == 'cls_token' else value
    own = namespace(layout.name)
    for key in state:
        if key not in used:
            bare = key[len(prefix):]
            ours = key.startswith(prefix) and bare.split('.')[0] in own and not is_buffer(bare)
            (result.strange if ours else result.dropped).append(key)
    return result


def to_hugging_face(state: Dict[str, Tensor]) -> Dict[str, Tensor]:
    """Convert our layout to that of ``MLCDVisionModel``, the inverse of :func:`to_ours`.

    Args:
        state: {our key: tensor}, complete.

    Returns:
        dict: {key: contiguous tensor that shares no memory with another}, keys under ``vision_model.``.
    """
    layout = Layout(HUGGING_FACE, 'vision_model.')
    result = {}
    for ours, theirs in key_table(HUGGING_FACE, _count_layers(state, Layout('mmrice', ''))).items():
        value = state[ours].reshape(-1) if ours == 'cls_token' else state[ours]
        for key, part in zip(theirs, value.chunk(len(theirs))):
            result[layout.prefix + key] = part.clone(memory_format=torch.contiguous_format)
    return result


def _count_layers(state: Dict[str, Tensor], layout: Layout) -> int:
    """One more than the highest number of a layer."""
    pattern = key_table(layout.name, 1)['layers.0.norm1.weight'][0].split('.0.')[0]
    found = re.compile(re.escape(f'{layout.prefix}{pattern}.') + r'(\d+)\.')
    return 1 + max((int(match.group(1)) for match in map(found.match, state) if match), default=-1)
