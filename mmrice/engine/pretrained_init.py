"""RICEPretrained: initialise a backbone from a checkpoint, or say why it cannot."""
from pathlib import Path
from typing import Dict, Optional, Tuple

from mmengine.logging import print_log
from mmengine.model import update_init_info
from torch import Tensor, nn

from mmrice.registry import WEIGHT_INITIALIZERS
from mmrice.utils import UserError

from .load_report import LoadReport, load_weights
from .weights import (
    HUB,
    OURS,
    PREFIXES,
    Source,
    convert_source,
    differences,
    live_numbers,
    measure,
    read_source,
    recognise,
    stated_options,
)


@WEIGHT_INITIALIZERS.register_module()
class RICEPretrained:
    """Load pretrained weights into a backbone, all of them or an error.

    Used as ``model.backbone.init_cfg=dict(type='mmrice.RICEPretrained', checkpoint=...)`` in any host. The log shows a
    table of matched, missing, unexpected and mismatched keys. For a :class:`mmrice.RICEViT` the layout of the keys is
    recognised and converted: ours, that of Hugging Face's MLCD or the authors'.

    Args:
        checkpoint (str): A .pth, .pt, .bin or .safetensors file (a pretraining checkpoint or bare weights), a directory
            in Hugging Face's format, or 'hf://ORG/NAME[@REVISION]' for the Hugging Face hub and its local cache.
        prefix (str, optional): What the backbone's keys begin with in the file, such as 'backbone.'. Defaults to None:
            it is found.
        min_coverage (float): Fraction of the backbone's parameters that must be found. Below 1, numbers that differ
            (layers, heads, patch size) are no error as long as enough tensors fit. Defaults to 1.

    Raises:
        UserError: The file is missing or damaged, holds another kind of model, or covers too little.
    """

    def __init__(self, checkpoint: Optional[str], prefix: Optional[str] = None, min_coverage: float = 1.) -> None:
        if not checkpoint:
            raise UserError('init_cfg.checkpoint is empty. Give a pretraining checkpoint, as in --cfg-options '
                            'model.backbone.init_cfg.checkpoint=work_dirs/NAME/latest.pth, or set '
                            'model.backbone.init_cfg=None for random weights.')
        self.checkpoint = str(checkpoint)
        self.prefix = prefix
        self.min_coverage = min_coverage

    def __call__(self, module: nn.Module) -> None:
        """Load the weights into ``module``."""
        self.load(module, self.read(module))

    def read(self, module: nn.Module) -> Source:
        """Read the checkpoint, which is for ``module``."""
        path = Path(self.checkpoint).expanduser()
        if not self.checkpoint.startswith(HUB) and not path.exists():
            raise UserError(f'{path}: no such checkpoint (init_cfg.checkpoint of {type(module).__name__}).'
                            f'{_how_to_make(path)}')
        return read_source(self.checkpoint)

    def load(self, module: nn.Module, source: Source) -> None:
        """Load what was read into ``module``."""
        if source.config and hasattr(module, 'check_config'):
            module.check_config(source.config, source.config_file)
        weights, origin = self._convert(source, module) or self._select(source.state, module)
        report = load_weights(module, weights, f'{source.name}{f" ({origin})" if origin else ""}')
        if report.coverage < self.min_coverage:
            raise UserError(self._explain(report))
        print_log(report.table(), 'current')
        _protect(module, self.checkpoint)
        if hasattr(module, '_params_init_info'):  # else mmengine's log says that every value is as it was
            update_init_info(module, init_info=self._get_init_info())

    def _convert(self, source: Source, module: nn.Module) -> Optional[Tuple[Dict[str, Tensor], str]]:
        """The weights for a RICEViT in our layout, and where they were; None for other modules and unknown files."""
        from mmrice.models import RICEViT
        layout = recognise(source.state, source.name, self.prefix) if isinstance(module, RICEViT) else None
        if layout is None:
            return None
        converted = convert_source(source, layout)
        found = {**stated_options(source, layout), **measure(converted.state)}
        differing = differences(found, {**live_numbers(module), 'norm_eps': module.pre_norm.eps})
        if self.min_coverage >= 1 and differing:
            raise UserError(f'{source.name}: {"; ".join(differing)}. Change the backbone in the config, or give a '
                            'checkpoint of the same one.')
        if self.min_coverage >= 1 and converted.strange:
            raise UserError(f'{source.name}: {converted.strange[0]} has no place in RICEViT ({len(converted.strange)} '
                            'such keys). It is a checkpoint of another architecture.')
        others = {key: source.state[key] for key in converted.strange + converted.dropped
                  if key.startswith(layout.prefix) and key not in converted.names}
        origin = layout.prefix and f'{layout.prefix}*' if layout.name == OURS else layout.describe()
        return {**others, **converted.state}, origin

    def _select(self, weights: Dict[str, Tensor], module: nn.Module) -> Tuple[Dict[str, Tensor], str]:
        own = set(module.state_dict())

        def strip(prefix: str) -> Dict[str, Tensor]:
            return {key[len(prefix):]: value for key, value in weights.items() if key.startswith(prefix)}

        prefixes = PREFIXES if self.prefix is None else (self.prefix, )
        best = max(prefixes, key=lambda prefix: len(own & set(strip(prefix))))
        return strip(best), best and f'{best}*'

    def _explain(self, report: LoadReport) -> str:
        return (f'{report.complaint()} Give a checkpoint of the same backbone (arch and patch_size), or lower '
                f'init_cfg.min_coverage (now {self.min_coverage:g}; this one covers {report.coverage:.3g}).')

    def _get_init_info(self) -> str:
        return f'{type(self).__name__}: loaded from {self.checkpoint}'


def _protect(module: nn.Module, checkpoint: str) -> None:
    """Keep ``init_weights`` of the module and its parts from overwriting what was loaded."""
    for part in module.modules():
        if part is not module and hasattr(part, '_is_init'):
            part._is_init = True
    if hasattr(module, 'init_cfg'):  # backbones of hosts look for this type before they reset position embeddings
        module.init_cfg = dict(type='Pretrained', checkpoint=checkpoint)


def _how_to_make(path: Path) -> str:
    """The command that makes a pretraining checkpoint, guessed from a path like work_dirs/NAME/latest.pth."""
    name = path.parent.name
    roots = [Path('configs'), Path(__file__).parents[2] / 'configs', Path(__file__).parents[1] / '.mim' / 'configs']
    for root in roots:
        config = next(iter(sorted(root.rglob(f'{name}.py'))), None) if name else None
        if config is not None:
            return f' This makes it: python tools/train.py {config}'
    return ' Pretrain first with tools/train.py, or give the path of a checkpoint that exists.'
