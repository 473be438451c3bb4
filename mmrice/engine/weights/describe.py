"""The dict that builds a backbone, out of its weights or out of a live model."""
from typing import Any, Dict, Iterable, List

import torch
from torch import Tensor, nn

from mmrice.utils import UserError

from .convert import Converted

ARCH = ('embed_dims', 'num_layers', 'num_heads', 'feedforward_channels')
CONFIG_FIELDS = {  # ours: in a Hugging Face config.json, and the tensor that tells it
    'embed_dims': ('hidden_size', 'the patch embedding'),
    'num_layers': ('num_hidden_layers', 'the names of the layers'),
    'num_heads': ('num_attention_heads', 'class_pos_emb: two angles for each of its values are one head'),
    'feedforward_channels': ('intermediate_size', 'the MLP'),
    'patch_size': ('patch_size', 'the patch embedding'),
}
NORM_EPS = 1e-5
ROPE_THETA = 10000.
OPTIONS = ('norm_eps', 'window_size', 'global_attn_indexes')  # of the dict that builds a backbone; in no tensor
_TELLING = ('patch_embed.weight', 'cls_angles', 'layers.0.ffn.0.weight')


def measure(state: Dict[str, Tensor]) -> Dict[str, int]:
    """The numbers of a model as its tensors tell them.

    Args:
        state: In our layout; possibly incomplete.

    Returns:
        dict: embed_dims, num_layers, num_heads, feedforward_channels and patch_size, those that can be told.
    """
    numbers = {}
    kernel, angles, hidden = map(state.get, _TELLING)
    if kernel is not None and kernel.dim() == 4:
        numbers.update(embed_dims=kernel.size(0), patch_size=kernel.size(3))
        if angles is not None and angles.numel() and kernel.size(0) % (2 * angles.numel()) == 0:
            numbers['num_heads'] = kernel.size(0) // (2 * angles.numel())
    if hidden is not None:
        numbers['feedforward_channels'] = hidden.size(0)
    numbers['num_layers'] = 1 + max((int(key.split('.')[1]) for key in state if key.startswith('layers.')), default=-1)
    return numbers


def infer_backbone(state: Dict[str, Tensor]) -> Dict[str, Any]:
    """The dict that builds the backbone of some weights.

    Args:
        state: In our layout, complete.

    Returns:
        dict: ``type``, ``arch`` (the name of a preset, or a dict), ``patch_size`` and ``norm_eps`` (no
        tensor tells it: 1e-5, as in all released models); ``final_norm=False`` where there is no norm on the output.
    """
    return _build_dict(measure(state), NORM_EPS, 'norm.weight' in state)


def describe_backbone(module: nn.Module) -> Dict[str, Any]:
    """The dict that builds a live :class:`mmrice.RICEViT`: that of :func:`infer_backbone`, and its windows if any."""
    backbone = _build_dict(live_numbers(module), module.pre_norm.eps, not isinstance(module.norm, nn.Identity))
    if module.window_size:
        backbone.update(window_size=module.window_size, global_attn_indexes=list(module.global_attn_indexes))
    return backbone


def live_numbers(module: nn.Module) -> Dict[str, int]:
    """The numbers of a live RICEViT, under the names of :func:`measure`."""
    return dict(embed_dims=module.embed_dims, num_layers=module.num_layers, num_heads=module.num_heads,
                feedforward_channels=module.layers[0].ffn[0].out_features, patch_size=module.patch_size)


def describe_training(model: nn.Module) -> Dict[str, Any]:
    """What a checkpoint says about its backbone.

    Args:
        model: Without wrappers, of any host.

    Returns:
        dict: Empty unless the model has a RICEViT as ``backbone``. Then ``backbone``, see :func:`describe_backbone`,
        and, where the data preprocessor normalises three channels, ``preprocess``: ``mean`` and ``std`` in 0 to 255,
        and the ``order`` of the channels, 'RGB' or 'BGR' (loaders read BGR; the preprocessor may turn it round).
    """
    from mmrice.models import RICEViT
    backbone = getattr(model, 'backbone', None)
    if not isinstance(backbone, RICEViT):
        return {}
    found: Dict[str, Any] = dict(backbone=describe_backbone(backbone))
    preprocessor = getattr(model, 'data_preprocessor', None)
    mean, std = (getattr(preprocessor, name, None) for name in ('mean', 'std'))
    if isinstance(mean, Tensor) and isinstance(std, Tensor) and mean.numel() == std.numel() == 3:
        turned = any(getattr(preprocessor, name, False) for name in ('_channel_conversion', 'to_rgb'))
        order = 'RGB' if turned else 'BGR'
        found['preprocess'] = dict(mean=_round(mean), std=_round(std), order=order)
    return found


def differences(found: Dict[str, Any], expected: Dict[str, Any]) -> List[str]:
    """The numbers that differ, in words: 'patch_size 14 in the checkpoint, 16 in the model'."""
    return [f'{name} {found[name]} in the checkpoint, {value} in the model' for name, value in expected.items()
            if name in found and found[name] != value]


def check_complete(converted: Converted, backbone: Dict[str, Any], source: str) -> None:
    """Compare every name and shape with those of the model that ``backbone`` builds.

    Args:
        converted: In our layout.
        backbone: From :func:`infer_backbone`.
        source: Name of the file.

    Raises:
        UserError: A tensor is missing, is too much or has another shape.
    """
    state, names = converted.state, converted.names
    if converted.strange:
        raise UserError(f'{source}: {converted.strange[0]} has no place in RICEViT ({len(converted.strange)} such '
                        'keys). It is a model of another architecture.')
    _require(_TELLING, converted, source)
    if not set(measure(state)).issuperset(CONFIG_FIELDS):
        found = ', '.join(f'{names[key]} {tuple(state[key].shape)}' for key in _TELLING[:2])
        raise UserError(f'{source}: {found}: expected (C, 3, p, p) and (1, C / heads / 2). Not the weights of a '
                        'RICEViT.')
    expected = _shapes(backbone)
    _require(expected, converted, source)
    for key, shape in expected.items():
        if state[key].shape != shape:
            raise UserError(f'{source}: {names[key]} has shape {tuple(state[key].shape)}, expected {tuple(shape)} '
                            'beside the other tensors.')


def check_config(config: Dict[str, Any], state: Dict[str, Tensor], file: str) -> None:
    """Compare a Hugging Face config.json with the weights beside it.

    Args:
        config: Its content, that of the vision model.
        state: In our layout.
        file: Its path.

    Raises:
        UserError: A number contradicts the weights, or the activation or the rotation is another one.
    """
    numbers = measure(state)
    for name, (theirs, teller) in CONFIG_FIELDS.items():
        if name in numbers and theirs in config and config[theirs] != numbers[name]:
            raise UserError(f'{file}: {theirs} is {config[theirs]!r}, but the weights beside it have {numbers[name]} '
                            f'(from {teller}). Set it to {numbers[name]}, or use the config.json of these weights.')
    if config.get('hidden_act', 'gelu') != 'gelu':
        raise UserError(f'{file}: hidden_act is {config["hidden_act"]!r}, but RICEViT has exact GELU (\'gelu\'). '
                        'The weights would give other features.')
    theta = (config.get('rope_parameters') or {}).get('rope_theta', ROPE_THETA)
    if theta != ROPE_THETA:
        raise UserError(f'{file}: rope_theta is {theta!r}, but RICEViT has {ROPE_THETA:g}. The weights would '
                        'give other features.')


def _require(keys: Iterable[str], converted: Converted, source: str) -> None:
    lacking = [converted.names.get(key, key) for key in keys if key not in converted.state]
    if lacking:
        raise UserError(f'{source}: {lacking[0]} is missing ({len(lacking)} such keys). Expected the complete weights '
                        'of a RICEViT; fetch or save the file again.')


def _build_dict(numbers: Dict[str, int], norm_eps: float, final_norm: bool) -> Dict[str, Any]:
    from mmrice.models import RICEViT
    values = tuple(numbers.get(name) for name in ARCH)
    arch = next((name for name, preset in RICEViT.arch_zoo.items() if preset == values), dict(zip(ARCH, values)))
    backbone = dict(type='mmrice.RICEViT', arch=arch, patch_size=numbers.get('patch_size'), norm_eps=float(norm_eps))
    return backbone if final_norm else dict(backbone, final_norm=False)


def _shapes(backbone: Dict[str, Any]) -> Dict[str, torch.Size]:
    from mmrice.models import RICEViT
    with torch.device('meta'):
        model = RICEViT(**{key: value for key, value in backbone.items() if key != 'type'})
    return {key: value.shape for key, value in model.state_dict().items()}


def _round(values: Tensor) -> List[float]:
    return [round(float(value), 6) for value in values.flatten()]
