"""LoRA: low-rank updates of linear layers."""
import math
import re
from functools import partial
from typing import Any, List, Optional, Sequence, Tuple

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrice.registry import MODELS
from mmrice.utils.errors import UserError


class LowRank(nn.Module):
    """``x -> up(down(dropout(x))) * alpha / rank``, zero at the start (Hu et al. 2021, sec. 4.1)."""

    def __init__(self, in_features: int, out_features: int, rank: int, alpha: float, drop_rate: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(drop_rate)
        self.down, self.up = nn.Linear(in_features, rank, bias=False), nn.Linear(rank, out_features, bias=False)
        self.scaling = alpha / rank
        nn.init.kaiming_uniform_(self.down.weight, a=math.sqrt(5))
        nn.init.zeros_(self.up.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (..., in_features) to (..., out_features)."""
        return self.up(self.down(self.dropout(x))) * self.scaling


def _add(low_rank: LowRank, module: nn.Module, args: Tuple[Tensor, ...], output: Tensor) -> Tensor:
    return output + low_rank(args[0])


@MODELS.register_module()
class LoRA(BaseModule):
    """Low-rank updates beside linear layers of a backbone; they can be merged into its weights.

    The formula and the start are those of MMPretrain's ``LoRAModel``. That one puts modules in the layers' place, whose
    names then fit no checkpoint; here the backbone keeps its layers and their names.

    Args:
        rank (int): Of the updates. Defaults to 8.
        alpha (float): Their factor is alpha / rank. Defaults to None: the rank.
        drop_rate (float): Of the dropout before them. Defaults to 0.
        targets (Sequence[str]): Which linear layers: the ends of their names, or regular expressions for the whole.
            Defaults to ('attn.qkv', 'attn.proj').
        init_cfg (dict, optional): Not used. Defaults to None.

    Raises:
        UserError: ``rank`` below 1.
    """

    def __init__(self, rank: int = 8, alpha: Optional[float] = None, drop_rate: float = 0.,
                 targets: Sequence[str] = ('attn.qkv', 'attn.proj'), init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        if rank < 1:
            raise UserError(f'LoRA: rank={rank}, expected 1 or more.')
        self.rank, self.alpha, self.drop_rate = rank, rank if alpha is None else alpha, drop_rate
        self.targets = tuple(targets)
        self.updates = nn.ModuleDict()
        self._layers: List[Tuple[nn.Linear, LowRank, Any]] = []

    def attach(self, backbone: nn.Module) -> None:
        """Add an update to each target.

        Raises:
            UserError: No linear layer is a target.
        """
        for name, layer in backbone.named_modules():
            if isinstance(layer, nn.Linear) and any(
                    name == target or name.endswith(f'.{target}') or re.fullmatch(target, name)
                    for target in self.targets):
                update = LowRank(layer.in_features, layer.out_features, self.rank, self.alpha, self.drop_rate)
                self.updates[name.replace('.', '-')] = update
                self._layers.append((layer, update, layer.register_forward_hook(partial(_add, update))))
        if not self._layers:
            known = sorted({name.rpartition('.')[2] if name.count('.') < 2 else '.'.join(name.split('.')[-2:])
                            for name, layer in backbone.named_modules() if isinstance(layer, nn.Linear)})
            raise UserError(f'LoRA: targets={list(self.targets)} match no linear layer. There are {", ".join(known)}.')

    @torch.no_grad()
    def merge(self) -> None:
        """Add the updates to the layers' weights, and take them away."""
        for layer, update, hook in self._layers:
            layer.weight += update.scaling * (update.up.weight @ update.down.weight)
            hook.remove()
        self._layers, self.updates = [], nn.ModuleDict()
