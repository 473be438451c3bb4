"""Names that transformers 5 dropped and mmpretrain's multimodal models import when they are imported.

Each is put back right after its module was imported, and only where it is missing; no other part of transformers
changes.
"""
import importlib
from types import ModuleType
from typing import Any, Iterable, Set, Tuple

from .post_import import after_import

# {module: {missing name: modules that may still have it, by any of the names given}}
_MOVED = {
    'transformers.modeling_utils': {
        'PretrainedConfig': ('transformers.configuration_utils', ('PretrainedConfig', 'PreTrainedConfig')),
        'GenerationConfig': ('transformers.generation.configuration_utils', ('GenerationConfig', )),
        'apply_chunking_to_forward': ('transformers.pytorch_utils', ('apply_chunking_to_forward', )),
        'prune_linear_layer': ('transformers.pytorch_utils', ('prune_linear_layer', )),
        'find_pruneable_heads_and_indices': ('transformers.pytorch_utils', ('find_pruneable_heads_and_indices', )),
    },
}


def find_pruneable_heads_and_indices(heads: Iterable[int], n_heads: int, head_size: int,
                                     already_pruned_heads: Set[int]) -> Tuple[Set[int], Any]:
    """Tell which rows of a projection stay when attention heads are pruned (transformers 4's function).

    Args:
        heads: Original numbers of the heads to prune.
        n_heads: Heads that the layer has now.
        head_size: Channels of a head.
        already_pruned_heads: Original numbers of the heads pruned before.

    Returns:
        tuple: The heads that are still to be pruned, and the int64 indices of the channels that stay.
    """
    import torch
    heads = set(heads) - already_pruned_heads
    keep = torch.ones(n_heads, head_size, dtype=torch.bool)
    for head in heads:
        keep[head - sum(pruned < head for pruned in already_pruned_heads)] = False
    return heads, torch.nonzero(keep.flatten())[:, 0]


def _restore_pytorch_utils(module: ModuleType) -> None:
    if not hasattr(module, 'find_pruneable_heads_and_indices'):
        module.find_pruneable_heads_and_indices = find_pruneable_heads_and_indices


def _restore_moved(module: ModuleType) -> None:
    for name, (home, spellings) in _MOVED[module.__name__].items():
        if hasattr(module, name):
            continue
        source = importlib.import_module(home)
        found = next((getattr(source, spelling) for spelling in spellings if hasattr(source, spelling)), None)
        if found is not None:
            setattr(module, name, found)


def install() -> None:
    """Hook the modules of transformers; nothing is imported now."""
    after_import('transformers.pytorch_utils', _restore_pytorch_utils)
    for name in _MOVED:
        after_import(name, _restore_moved)
