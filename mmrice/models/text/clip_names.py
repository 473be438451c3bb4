"""Names of CLIP's text tower in Hugging Face's and in open_clip's (and OpenAI's) files, and what they are here."""
import re
from typing import Any, Dict, List, Optional, Tuple

import torch
from torch import Tensor

_HF_LAYER = (('layer_norm', 'norm'), ('self_attn.out_proj', 'attn.proj'), ('mlp.fc1', 'ffn.0'), ('mlp.fc2', 'ffn.2'))
_OPEN_CLIP_LAYER = (('ln_', 'norm'), ('attn.in_proj_', 'attn.qkv.'), ('attn.out_proj', 'attn.proj'),
                    ('mlp.c_fc', 'ffn.0'), ('mlp.c_proj', 'ffn.2'))
# For each layout: a key that tells it, what its layers begin with, renamed parts of a layer, other names.
_LAYOUTS: Tuple[Tuple[str, str, Tuple[Tuple[str, str], ...], Dict[str, str]], ...] = (
    ('embeddings.token_embedding.weight', 'encoder.layers.', _HF_LAYER, {
        'embeddings.token_embedding.weight': 'token_embedding.weight',
        'embeddings.position_embedding.weight': 'position_embedding',
        'final_layer_norm.weight': 'norm.weight', 'final_layer_norm.bias': 'norm.bias'}),
    ('ln_final.weight', 'transformer.resblocks.', _OPEN_CLIP_LAYER, {
        'token_embedding.weight': 'token_embedding.weight', 'positional_embedding': 'position_embedding',
        'ln_final.weight': 'norm.weight', 'ln_final.bias': 'norm.bias'}),
)


def take_clip_names(state: Dict[str, Tensor], prefix: str, *_: Any) -> None:
    """Rename the text tower of a CLIP file in place; other keys, and a state in our names, are left alone.

    Args:
        state: {key: tensor} of a whole CLIP model or of its text tower.
        prefix: What our keys begin with.
        *_: What else torch gives to a hook before loading.
    """
    if f'{prefix}position_embedding' in state:
        return
    for tell, layers, parts, others in _LAYOUTS:
        before = next((key[:-len(tell)] for key in state if key.startswith(prefix) and key.endswith(tell)), None)
        if before is None:
            continue
        for key in [key for key in state if key.startswith(before)]:
            name = _ours(key[len(before):], layers, parts, others)
            if name is not None:
                state[prefix + name] = state.pop(key)
        _join_qkv(state, prefix)
        _take_projection(state, prefix, before)
        return


def _ours(key: str, layers: str, parts: Tuple[Tuple[str, str], ...], others: Dict[str, str]) -> Optional[str]:
    if not key.startswith(layers):
        return others.get(key)
    name = f'layers.{key[len(layers):]}'
    for theirs, ours in parts:
        name = name.replace(f'.{theirs}', f'.{ours}')
    return name


def _join_qkv(state: Dict[str, Tensor], prefix: str) -> None:
    """Hugging Face keeps queries, keys and values apart."""
    pattern = re.compile(re.escape(prefix) + r'(layers\.\d+)\.self_attn\.q_proj\.(weight|bias)')
    for match in [found for found in map(pattern.fullmatch, list(state)) if found]:
        layer, kind = match.groups()
        names = [f'{prefix}{layer}.self_attn.{part}_proj.{kind}' for part in 'qkv']
        if all(name in state for name in names):
            state[f'{prefix}{layer}.attn.qkv.{kind}'] = torch.cat([state.pop(name) for name in names])


def _take_projection(state: Dict[str, Tensor], prefix: str, before: str) -> None:
    """A matrix (C, D) in OpenAI's files, the weight (D, C) of a linear layer in Hugging Face's."""
    outer = before[:-len('text_model.')] if before.endswith('text_model.') else before
    for name in ('text_projection', 'text_projection.weight'):
        if f'{outer}{name}' in state:
            value = state.pop(f'{outer}{name}')
            state[f'{prefix}projection.weight'] = value if name.endswith('weight') else value.T


def differences(content: Dict[str, Any], ours: Dict[str, Any]) -> List[str]:
    """What a config.json says of the text tower that no shape shows, where it differs.

    Args:
        content: Of the file, of a whole CLIP model or of its text tower.
        ours: The model's ``num_heads``, ``activation`` and ``norm_eps``.

    Returns:
        list: In words, each beginning with the name of ours.
    """
    text = content.get('text_config') or content
    defaults = dict(num_heads=('num_attention_heads', 8), activation=('hidden_act', 'quick_gelu'),
                    norm_eps=('layer_norm_eps', 1e-5))  # CLIPTextConfig's, where the file does not say
    found = {name: text.get(theirs, default) for name, (theirs, default) in defaults.items()}
    return [f'{name} is {found[name]!r} there, {ours[name]!r} in the model' for name in found
            if found[name] != ours[name]]
