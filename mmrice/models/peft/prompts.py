"""PromptTokens: learned tokens that every token sees."""
from functools import partial
from typing import Optional

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrice.registry import MODELS
from mmrice.utils.errors import UserError


def _extra(prompts: Tensor, norm: nn.Module) -> Tensor:
    return norm(prompts)


@MODELS.register_module()
class PromptTokens(BaseModule):
    """Learned tokens of each layer of a :class:`mmrice.RICEViT` (deep visual prompt tuning, Jia et al. 2022, eq. 4-6).

    There each layer gets new prompts and those of the layer before are dropped: they are but seen by the other tokens.
    So here they enter as keys and values. They have no place and are not rotated; with windows, all windows see them.

    Args:
        num_tokens (int): Of each layer. Defaults to 10.
        init_cfg (dict, optional): Not used. Defaults to None.

    Raises:
        UserError: ``num_tokens`` below 1.
    """

    def __init__(self, num_tokens: int = 10, init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        if num_tokens < 1:
            raise UserError(f'PromptTokens: num_tokens={num_tokens}, expected 1 or more.')
        self.num_tokens = num_tokens
        self.prompts = nn.ParameterList()

    def attach(self, backbone: nn.Module) -> None:
        """Give each layer its tokens."""
        for layer in backbone.layers:
            prompts = nn.Parameter(torch.empty(self.num_tokens, backbone.embed_dims))
            bound = (6 / (3 * backbone.patch_size**2 + backbone.embed_dims))**0.5  # that paper's code
            nn.init.uniform_(prompts, -bound, bound)
            self.prompts.append(prompts)
            layer.attn.extra_tokens = partial(_extra, prompts, layer.norm1)
