"""LayerDecayOptimWrapperConstructor: smaller learning rates for earlier layers, in every host."""
import difflib
import inspect
from collections import defaultdict
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, Dict, List, Optional, Set, Tuple

from mmengine.logging import print_log
from mmengine.optim import DefaultOptimWrapperConstructor
from mmengine.registry import OPTIMIZERS
from mmengine.utils.dl_utils.parrots_wrapper import _BatchNorm, _InstanceNorm
from torch import nn

from mmrice.registry import OPTIM_WRAPPER_CONSTRUCTORS
from mmrice.utils.errors import UserError

_NAME = 'LayerDecayOptimWrapperConstructor'
_MULTIPLIERS = ('norm_decay_mult', 'bias_decay_mult', 'dwconv_decay_mult', 'flat_decay_mult', 'bias_lr_mult')
_OPTIONS = ('layer_decay_rate', *_MULTIPLIERS, 'custom_keys', 'bypass_duplicate')
_CUSTOM = ('lr_mult', 'decay_mult')
_NORMS = (_BatchNorm, _InstanceNorm, nn.GroupNorm, nn.LayerNorm, nn.RMSNorm)


@dataclass
class _Backbone:
    """A module that knows the depth of its parameters."""
    prefix: str
    module: nn.Module

    def __post_init__(self) -> None:
        self.no_decay = set(getattr(self.module, 'no_weight_decay', set)())

    def depth(self, name: str) -> Tuple[int, int]:
        """Depth of a parameter by its name in the backbone, and the number of depths.

        MMPretrain's ResNet works with the prefix 'backbone.' alone, wherever it sits.
        """
        return self.module.get_layer_depth(f'backbone.{name}', 'backbone.')


@dataclass
class _Group:
    """Parameters that share learning rate and weight decay."""
    depths: Set[Tuple[int, str]] = field(default_factory=set)
    params: List[nn.Parameter] = field(default_factory=list)

    @property
    def label(self) -> str:
        return ', '.join(label for _, label in sorted(self.depths))


def _find_backbones(model: nn.Module) -> List[_Backbone]:
    """All modules that take part, the innermost first; a host's model that only passes the question on is none."""
    found = []
    for name, module in model.named_modules():
        method = getattr(module, 'get_layer_depth', None)
        if callable(method) and 'prefix' in inspect.signature(method).parameters:
            found.append(_Backbone(f'{name}.' if name else '', module))
    return found[::-1]


def _suggest(where: str, keys: Any, known: Tuple[str, ...]) -> None:
    for key in keys:
        if key not in known:
            nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
            hint = f' Did you mean {nearest[0]}?' if nearest else ''
            raise UserError(f'{where} has {key!r}, which is none of {", ".join(known)}.{hint}')


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class LayerDecayOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """Layer-wise learning-rate decay for a detector, a segmentor, a classifier or a pretrainer alike.

    A parameter at depth d of a backbone with D depths learns at ``lr * layer_decay_rate ** (D - 1 - d)``; everything
    outside the backbone learns at ``lr``. The backbone is whatever module has ``get_layer_depth(param_name, prefix)``,
    such as :class:`RICEViT` and MMPretrain's VisionTransformer, BEiT, Swin, ConvNeXt, in any host and inside wrappers
    for distributed training and test-time augmentation. Frozen parameters are left out, shared ones taken once.

    ``paramwise_cfg`` has the names and defaults of MMPretrain's ``LearningRateDecayOptimWrapperConstructor``:

    - ``layer_decay_rate`` (float): Above 0, at most 1. Required.
    - ``norm_decay_mult``, ``bias_decay_mult``, ``dwconv_decay_mult``, ``flat_decay_mult`` (float, optional): Times the
      weight decay of norms, other biases, depth-wise convolutions and other 1-d parameters; the first that applies
      counts. None, the default, decays them as the rest. Parameters that the backbone's ``no_weight_decay()`` names, if
      it has one, never decay.
    - ``bias_lr_mult`` (float, optional): Times the learning rate of biases that are not a norm's. Defaults to None.
    - ``custom_keys`` (dict): {part of a parameter's name: dict(lr_mult=, decay_mult=)}; the longest key that fits
      counts. Both multiply what the rules above give; mmengine's own constructor drops those rules instead.
    - ``bypass_duplicate`` (bool): Accepted for configs that have it; shared parameters are always taken once.

    Args:
        optim_wrapper_cfg (dict): As of :class:`mmengine.optim.DefaultOptimWrapperConstructor`.
        paramwise_cfg (dict): See above.

    Raises:
        UserError: An option is unknown, missing or out of range, or no module has ``get_layer_depth``.

    Example:
        >>> optim_wrapper = dict(
        ...     constructor='mmrice.LayerDecayOptimWrapperConstructor',
        ...     optimizer=dict(type='AdamW', lr=1e-4, weight_decay=0.1),
        ...     paramwise_cfg=dict(layer_decay_rate=0.8, norm_decay_mult=0., bias_decay_mult=0.))
    """

    def _validate_cfg(self) -> None:
        options = self.paramwise_cfg
        _suggest('paramwise_cfg', options, _OPTIONS)
        rate = options.get('layer_decay_rate')
        if not isinstance(rate, Real) or not 0 < rate <= 1:
            raise UserError(f'paramwise_cfg: layer_decay_rate={rate!r}, but {_NAME} needs a number above 0 and at most '
                            '1, such as 0.75.')
        numbers = {key: options[key] for key in _MULTIPLIERS if options.get(key) is not None}
        custom_keys = options.get('custom_keys') or {}
        if not (isinstance(custom_keys, dict) and all(isinstance(value, dict) for value in custom_keys.values())):
            raise UserError(f'paramwise_cfg: custom_keys={custom_keys!r} is not of the form '
                            '{part of a name: dict(lr_mult=..., decay_mult=...)}.')
        for key, custom in custom_keys.items():
            _suggest(f'paramwise_cfg.custom_keys[{key!r}]', custom, _CUSTOM)
            numbers.update({f'custom_keys[{key!r}].{name}': value for name, value in custom.items()})
        for name, value in numbers.items():
            if not (isinstance(value, Real) and value >= 0):
                raise UserError(f'paramwise_cfg: {name}={value!r} is not a number of at least 0.')
        if not isinstance(self.base_lr, Real):
            raise UserError(f'optim_wrapper.optimizer: lr={self.base_lr!r}, but {_NAME} needs the learning rate that '
                            'it scales, such as lr=1e-4.')
        if self.base_wd is None:
            self.base_wd = self._default_weight_decay()

    def _default_weight_decay(self) -> float:
        """That of the optimizer's class, for AdamW's is not 0."""
        kind = self.optimizer_cfg['type']
        with OPTIMIZERS.switch_scope_and_registry(None) as registry:
            kind = registry.get(kind) if isinstance(kind, str) else kind
        parameter = inspect.signature(kind).parameters.get('weight_decay') if kind else None
        return float(parameter.default) if parameter and isinstance(parameter.default, Real) else 0.

    def add_params(self, params: List[dict], module: nn.Module, **kwargs: Any) -> None:
        """Append the groups of a model's parameters, from the first depth to the last, and log them as a table.

        Args:
            params: Receives one dict a group: params, lr, weight_decay, lr_scale and param_group_name.
            module: The model; wrappers may be around it or parts of it.
        """
        backbones = _find_backbones(module)
        if not backbones:
            raise UserError(_no_backbone(module))
        groups: Dict[Tuple[float, float], _Group] = defaultdict(_Group)
        seen, frozen, unused = set(), _Group(), set(self.paramwise_cfg.get('custom_keys') or ())
        for prefix, part in module.named_modules():
            for name, param in part.named_parameters(prefix, recurse=False):
                if id(param) in seen:
                    continue
                seen.add(id(param))
                key = self._custom_key(name)
                unused.discard(key)
                if not param.requires_grad:
                    frozen.params.append(param)
                    continue
                depth, lr_scale, weight_decay = self._settings(backbones, part, name, param, key)
                groups[lr_scale, weight_decay].depths.add(depth)
                groups[lr_scale, weight_decay].params.append(param)
        if not groups:
            raise UserError(f'every parameter of {type(module).__name__} is frozen: there is nothing to train.')
        rows = sorted(groups.items(), key=lambda item: (min(item[1].depths), item[0]))
        for (lr_scale, weight_decay), group in rows:
            name = f'{group.label}: lr x {lr_scale:.4g}, weight decay {weight_decay:.4g}'
            params.append(dict(params=group.params, lr=self.base_lr * lr_scale, weight_decay=weight_decay,
                               lr_scale=lr_scale, param_group_name=name))
        self._log(backbones, rows, frozen, unused)

    def _settings(self, backbones: List[_Backbone], module: nn.Module, name: str, param: nn.Parameter,
                  custom_key: Optional[str]) -> Tuple[Tuple[int, str], float, float]:
        """Depth (number and label), learning-rate scale and weight decay of a parameter."""
        options = self.paramwise_cfg
        backbone = next((one for one in backbones if name.startswith(one.prefix)), None)
        lr_scale, decay_mult, depth = 1., self._decay_mult(module, name, param), (1 << 30, 'rest')
        if backbone is not None:
            inner = name[len(backbone.prefix):]
            number, num_depths = backbone.depth(inner)
            depth = number, f'depth {number}'
            lr_scale = options['layer_decay_rate']**(num_depths - 1 - number)
            if inner in backbone.no_decay:
                decay_mult = 0.
        if name.rpartition('.')[2] == 'bias' and not isinstance(module, _NORMS):
            bias_lr_mult = options.get('bias_lr_mult')
            lr_scale *= 1. if bias_lr_mult is None else bias_lr_mult
        custom = options['custom_keys'][custom_key] if custom_key is not None else {}
        return depth, lr_scale * custom.get('lr_mult', 1.), self.base_wd * decay_mult * custom.get('decay_mult', 1.)

    def _decay_mult(self, module: nn.Module, name: str, param: nn.Parameter) -> float:
        rules = dict(
            norm_decay_mult=isinstance(module, _NORMS),
            bias_decay_mult=name.rpartition('.')[2] == 'bias',
            dwconv_decay_mult=isinstance(module, nn.Conv2d) and module.in_channels == module.groups,
            flat_decay_mult=param.ndim == 1)
        values = (self.paramwise_cfg.get(option) for option, applies in rules.items() if applies)
        return next((value for value in values if value is not None), 1.)

    def _custom_key(self, name: str) -> Optional[str]:
        """The longest key that is part of the name; of equally long ones the first of the alphabet, as mmengine's."""
        keys = [key for key in self.paramwise_cfg.get('custom_keys') or () if key in name]
        return min(keys, key=lambda key: (-len(key), key), default=None)

    def _log(self, backbones: List[_Backbone], rows: list, frozen: _Group, unused: Set[str]) -> None:
        names = ', '.join(f'{type(one.module).__name__} ({one.prefix.rstrip(".") or "the model"})' for one in backbones)
        lines = [f'Layer-wise learning rates, rate {self.paramwise_cfg["layer_decay_rate"]:g}, depths of {names}; '
                 'the rest is everything else:',
                 f'  {"part":<16}{"lr scale":>10}{"lr":>12}{"weight decay":>14}{"tensors":>9}{"parameters":>14}']
        for (lr_scale, weight_decay), group in rows:
            lines.append(f'  {group.label:<16}{lr_scale:>10.4g}{self.base_lr * lr_scale:>12.3e}'
                         f'{weight_decay:>14.4g}{_sizes(group)}')
        if frozen.params:
            lines.append(f'  {"frozen":<52}{_sizes(frozen)}')
        if unused:
            lines.append(f'  custom_keys that fit no parameter: {", ".join(sorted(unused))}')
        print_log('\n'.join(lines), 'current')


def _sizes(group: _Group) -> str:
    return f'{len(group.params):>9}{sum(param.numel() for param in group.params):>14,}'


def _no_backbone(model: nn.Module) -> str:
    backbone = next((part for name, part in model.named_modules() if name.rpartition('.')[2] == 'backbone'), None)
    which = type(model).__name__ if backbone is None else f'{type(backbone).__name__}, the backbone of ' + (
        type(model).__name__)
    return (f'{_NAME}: {which}, has no get_layer_depth(param_name, prefix), so its depths are unknown. Use a backbone '
            'that has it, such as mmrice.RICEViT or mmpretrain.VisionTransformer, or drop `constructor` and '
            'layer_decay_rate from optim_wrapper.')
