"""Load weights into a module and say exactly what matched."""
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, List, Tuple

from mmengine.model import BaseTTAModel, is_model_wrapper
from torch import Tensor, nn

_SHOWN = 3


@dataclass
class LoadReport:
    """What became of the keys of a checkpoint.

    Args:
        source: File or other name of the checkpoint.
        model: Class name of the module.
        parameters: Names of the module's parameters.
        matched: Keys that were loaded.
        missing: Keys of the module that the checkpoint lacks.
        unexpected: Keys of the checkpoint that the module lacks.
        mismatched: (key, shape in the checkpoint, shape in the module).
    """
    source: str
    model: str
    parameters: List[str]
    matched: List[str] = field(default_factory=list)
    missing: List[str] = field(default_factory=list)
    unexpected: List[str] = field(default_factory=list)
    mismatched: List[Tuple[str, Tuple[int, ...], Tuple[int, ...]]] = field(default_factory=list)

    @property
    def coverage(self) -> float:
        """Fraction of the module's parameters that were loaded, by number."""
        loaded = set(self.matched)
        return sum(name in loaded for name in self.parameters) / max(len(self.parameters), 1)

    def table(self) -> str:
        """One row for each kind of key, with the first names."""
        mismatched = [f'{key} {saved} -> {own}' for key, saved, own in self.mismatched]
        rows = [('matched', self.matched, False), ('missing', self.missing, True),
                ('unexpected', self.unexpected, True), ('mismatched', mismatched, True)]
        lines = [f'{self.source} -> {self.model}: {self.coverage:.1%} of the parameters loaded']
        for label, keys, named in rows:
            lines.append(f'  {label:<11}{len(keys):>5}{"  " + _first(keys) if named and keys else ""}')
        return '\n'.join(lines)

    def complaint(self) -> str:
        """Why the checkpoint does not fit, in one or two sentences."""
        loaded = sum(name in set(self.matched) for name in self.parameters)
        text = f'{self.source}: {loaded} of the {len(self.parameters)} parameters of {self.model} are in it'
        if self.mismatched:
            key, saved, own = self.mismatched[0]
            return (f'{text}, and {len(self.mismatched)} keys have another shape: {key} is {saved} in the checkpoint '
                    f'and {own} in the model. It is a checkpoint of another architecture.')
        text = f'{text}; missing: {_first(self.missing)}.'
        if self.unexpected:
            text += f' The checkpoint has instead: {_first(self.unexpected)}.'
        return text


def _first(keys: Iterable[str]) -> str:
    keys = list(keys)
    return ', '.join(keys[:_SHOWN]) + (', ...' if len(keys) > _SHOWN else '')


def unwrapped(model: nn.Module) -> nn.Module:
    """The model inside wrappers for distributed training and test-time augmentation."""
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module
    return model


def find_state_dict(checkpoint: Dict[str, Any]) -> Dict[str, Tensor]:
    """The weights of a checkpoint: its 'state_dict' or 'model', else itself.

    Args:
        checkpoint: As read from a file.

    Returns:
        dict: {key: tensor}, without the 'module.' of distributed training.
    """
    for key in ('state_dict', 'model'):
        if isinstance(checkpoint.get(key), dict):
            checkpoint = checkpoint[key]
            break
    weights = OrderedDict((key[7:] if key.startswith('module.') else key, value)
                          for key, value in checkpoint.items() if isinstance(value, Tensor))
    weights._metadata = getattr(checkpoint, '_metadata', {})
    return weights


def load_weights(module: nn.Module, weights: Dict[str, Tensor], source: str) -> LoadReport:
    """Copy weights into a module wherever name and shape agree.

    The module's own conversions of old or differently sized checkpoints are applied.

    Args:
        module: Receives the weights.
        weights: {key: tensor}.
        source: Name of the checkpoint, for the report.

    Returns:
        LoadReport: What matched and what did not.
    """
    metadata = getattr(weights, '_metadata', {})
    weights = OrderedDict(weights)
    errors: List[str] = []

    def load(part: nn.Module, prefix: str) -> None:
        part._load_from_state_dict(weights, prefix, metadata.get(prefix[:-1], {}), True, [], [], errors)
        for name, child in part.named_children():
            load(child, f'{prefix}{name}.')

    load(module, '')
    own = module.state_dict()
    report = LoadReport(source, type(module).__name__, [name for name, _ in module.named_parameters()])
    for key, value in own.items():
        if key not in weights:
            if not key.endswith('num_batches_tracked'):
                report.missing.append(key)
        elif weights[key].shape != value.shape:
            report.mismatched.append((key, tuple(weights[key].shape), tuple(value.shape)))
        else:
            report.matched.append(key)
    report.unexpected = [key for key in weights if key not in own]
    return report
