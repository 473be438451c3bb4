"""AdaptedBackbone: a frozen backbone and the few parameters that are trained beside it."""
from typing import Any, Dict, List, Sequence, Tuple

from mmengine.logging import print_log
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrice.registry import MODELS
from mmrice.utils.errors import UserError


@MODELS.register_module()
class AdaptedBackbone(BaseModule):
    """Tune a backbone by few parameters: its own are frozen, those of the tunings are trained.

    The backbone keeps its parameters' names, so that whatever its ``init_cfg`` takes fits as before. Serves all hosts.

    Args:
        backbone (dict): A :class:`mmrice.RICEViT`, its ``init_cfg`` included; with :class:`mmrice.LoRA` alone any.
        tunings (Sequence[dict]): Of :class:`mmrice.LoRA`, :class:`mmrice.BottleneckAdapter`,
            :class:`mmrice.ConvAdapter` and :class:`mmrice.PromptTokens`, one or several.
        train_norms (bool): Train the backbone's layer norms as well. Defaults to False.
        save (str): What checkpoints hold of it: 'all', or 'trained'; then the rest comes from the backbone's
            ``init_cfg`` whenever a checkpoint is loaded. Defaults to 'all'.
        init_cfg (dict, optional): Not used; the inner backbone has its own. Defaults to None.

    Raises:
        UserError: No tuning, another ``save``, or 'trained' without the weights that it needs.

    Example:
        >>> model = dict(backbone=dict(type='mmrice.AdaptedBackbone', tunings=[dict(type='mmrice.LoRA', rank=8)],
        ...                            backbone=dict(type='mmrice.RICEViT', arch='base', init_cfg=...)))
    """

    def __init__(self, backbone: dict, tunings: Sequence[dict], train_norms: bool = False, save: str = 'all',
                 init_cfg: Any = None) -> None:
        super().__init__(init_cfg)
        if not tunings:
            raise UserError('AdaptedBackbone: no tunings. Give one of mmrice.LoRA, mmrice.BottleneckAdapter, '
                            'mmrice.ConvAdapter and mmrice.PromptTokens.')
        if save not in ('all', 'trained') or (save == 'trained' and not backbone.get('init_cfg')):
            raise UserError(f"AdaptedBackbone: save={save!r}, expected 'all', or 'trained' with the backbone's "
                            'init_cfg, from which its other weights come.')
        self.backbone = MODELS.build(backbone).requires_grad_(False)
        if train_norms:
            for module in self.backbone.modules():
                if isinstance(module, nn.LayerNorm):
                    module.requires_grad_(True)
        self.tunings = nn.ModuleList(MODELS.build(tuning) for tuning in tunings)
        for tuning in self.tunings:
            tuning.attach(self.backbone)
        self.save = save
        if save == 'trained':
            self._register_state_dict_hook(_keep_trained)
            self._register_load_state_dict_pre_hook(self._fill_in)

    @property
    def patch_size(self) -> int:
        """The inner backbone's, which a pretrainer of regions asks for."""
        return self.backbone.patch_size

    def init_weights(self) -> None:
        """Load the backbone's weights, and say how much is trained."""
        if not self._is_init:
            super().init_weights()
            trained, total = self.count()
            print_log(f'AdaptedBackbone: {trained:,} of {total:,} parameters are trained, '
                      f'{100 * trained / total:.2f} %', 'current')

    def count(self) -> Tuple[int, int]:
        """Parameters that are trained, and all of them."""
        sizes = [(parameter.numel(), parameter.requires_grad) for parameter in self.parameters()]
        return sum(size for size, trained in sizes if trained), sum(size for size, _ in sizes)

    def train(self, mode: bool = True) -> 'AdaptedBackbone':
        """Note the mode; the backbone stays in evaluation mode, without stochastic depth."""
        super().train(mode)
        self.backbone.eval()
        return self

    def forward(self, x: Tensor) -> Tuple[Tensor, ...]:
        """The backbone's output."""
        return self.backbone(x)

    def merged(self) -> nn.Module:
        """The backbone with the updates in its weights, equal in its outputs; this module is used up.

        Raises:
            UserError: A tuning cannot be merged.
        """
        for tuning in self.tunings:
            if not hasattr(tuning, 'merge'):
                raise UserError(f'{type(tuning).__name__} cannot be merged into the weights of a backbone: it is a '
                                'part of its own. LoRA can.')
        for tuning in self.tunings:
            tuning.merge()
        return self.backbone

    def get_layer_depth(self, param_name: str, prefix: str = '') -> Tuple[int, int]:
        """Depth for layer-wise learning rates: the backbone's for its own parameters, the last for those of tunings."""
        inner = f'{prefix}backbone.'
        if param_name.startswith(inner):
            return self.backbone.get_layer_depth(param_name, inner)
        depths = self.backbone.get_layer_depth(f'{inner}norm.weight', inner)[1]
        return depths - 1, depths

    def _fill_in(self, state: Dict[str, Tensor], prefix: str, *args: Any) -> None:
        """Weights that a checkpoint of trained ones leaves out are those of ``init_cfg``."""
        frozen = [name for name, parameter in self.backbone.named_parameters() if not parameter.requires_grad]
        if all(f'{prefix}backbone.{name}' in state for name in frozen):
            return
        self.init_weights()
        own = self.backbone.state_dict()
        for name in frozen:
            state.setdefault(f'{prefix}backbone.{name}', own[name])


def _keep_trained(module: AdaptedBackbone, state: Dict[str, Tensor], prefix: str, *args: Any) -> None:
    frozen: List[str] = [name for name, parameter in module.backbone.named_parameters() if not parameter.requires_grad]
    for name in frozen:
        state.pop(f'{prefix}backbone.{name}', None)
