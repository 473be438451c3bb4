"""RICEPretrained: initialise a backbone from a checkpoint, or say why it cannot."""
from pathlib import Path
from typing import Dict, Optional, Tuple

from mmengine.logging import print_log
from torch import Tensor, nn

from mmrice.registry import WEIGHT_INITIALIZERS
from mmrice.utils import UserError

from .checkpoint_io import read_checkpoint
from .load_report import LoadReport, find_state_dict, load_weights

PREFIXES = ('', 'backbone.', 'model.backbone.', 'model.', 'encoder.')


@WEIGHT_INITIALIZERS.register_module()
class RICEPretrained:
    """Load pretrained weights into a backbone, all of them or an error.

    Used as ``model.backbone.init_cfg=dict(type='mmrice.RICEPretrained', checkpoint=...)`` in any host. The log shows a
    table of matched, missing, unexpected and mismatched keys.

    Args:
        checkpoint (str): A .pth file (a pretraining checkpoint or bare weights) or a .safetensors file.
        prefix (str, optional): What the backbone's keys begin with in the file, such as 'backbone.'. Defaults to None:
            the one of '', 'backbone.', 'model.backbone.', 'model.' and 'encoder.' that matches most.
        min_coverage (float): Fraction of the backbone's parameters that must be found. Defaults to 1.

    Raises:
        UserError: The file is missing or damaged, or covers too little.
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
        path = Path(self.checkpoint).expanduser()
        if not path.is_file():
            raise UserError(f'{path}: no such checkpoint (init_cfg.checkpoint of {type(module).__name__}).'
                            f'{_how_to_make(path)}')
        weights, prefix = self._select(find_state_dict(read_checkpoint(path)), module)
        report = load_weights(module, weights, f'{path}{f" ({prefix}*)" if prefix else ""}')
        if report.coverage < self.min_coverage:
            raise UserError(self._explain(report))
        print_log(report.table(), 'current')
        _protect(module, self.checkpoint)

    def _select(self, weights: Dict[str, Tensor], module: nn.Module) -> Tuple[Dict[str, Tensor], str]:
        own = set(module.state_dict())

        def strip(prefix: str) -> Dict[str, Tensor]:
            return {key[len(prefix):]: value for key, value in weights.items() if key.startswith(prefix)}

        prefixes = PREFIXES if self.prefix is None else (self.prefix, )
        best = max(prefixes, key=lambda prefix: len(own & set(strip(prefix))))
        return strip(best), best

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
