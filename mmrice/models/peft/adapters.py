"""Adapters beside the feed-forward networks of a ViT: a bottleneck, or one with a convolution over the patches."""
from functools import partial
from typing import Any, Callable, Optional, Tuple

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrice.registry import MODELS
from mmrice.utils.errors import UserError

from ..layers import divide


class _Branch(nn.Module):
    """``x -> up(gelu(down(x)))``, zero at the start."""

    def __init__(self, embed_dims: int, hidden_dims: int) -> None:
        super().__init__()
        self.down, self.up = nn.Linear(embed_dims, hidden_dims), nn.Linear(hidden_dims, embed_dims)
        nn.init.kaiming_uniform_(self.down.weight, a=5**0.5)
        for zero in (self.down.bias, self.up.weight, self.up.bias):
            nn.init.zeros_(zero)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (B, 1 + L, C) in and out."""
        return self.up(self.inside(nn.functional.gelu(self.down(x))))

    def inside(self, x: Tensor) -> Tensor:
        """Between the projections."""
        return x


class _ConvBranch(_Branch):
    """The same with a depth-wise 3 x 3 convolution over the map of patches between, the class token by itself."""

    def __init__(self, embed_dims: int, hidden_dims: int) -> None:
        super().__init__(embed_dims, hidden_dims)
        self.conv = nn.Conv2d(hidden_dims, hidden_dims, 3, padding=1, groups=hidden_dims)
        self.layout: Callable[[], Tuple[Tuple[int, int], Optional[Any]]] = lambda: ((0, 0), None)

    def inside(self, x: Tensor) -> Tensor:
        """Convolve; patches in the order of windows are put in rows and back again."""
        grid, windows = self.layout()
        first, patches = x[:, :1], x[:, 1:]
        patches = patches if windows is None else patches[:, windows.inverse]
        maps = self.conv(patches.transpose(1, 2).unflatten(2, grid))
        patches = maps.flatten(2).transpose(1, 2)
        return torch.cat([first, patches if windows is None else patches[:, windows.order]], dim=1)


def _add(branch: _Branch, scale: float, module: nn.Module, args: Tuple[Tensor, ...], output: Tensor) -> Tensor:
    return output + scale * branch(args[0])


@MODELS.register_module()
class BottleneckAdapter(BaseModule):
    """A narrow network beside each feed-forward network (AdaptFormer, Chen et al. 2022, eq. 2 and 3; GELU for ReLU).

    Args:
        hidden_dims (int): Its width. Defaults to 64, that paper's.
        scale (float): Its factor. Defaults to 0.1, that paper's.
        init_cfg (dict, optional): Not used. Defaults to None.

    Raises:
        UserError: ``hidden_dims`` below 1.
    """
    branch = _Branch

    def __init__(self, hidden_dims: int = 64, scale: float = 0.1, init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        if hidden_dims < 1:
            raise UserError(f'{type(self).__name__}: hidden_dims={hidden_dims}, expected 1 or more.')
        self.hidden_dims, self.scale = hidden_dims, scale
        self.branches = nn.ModuleList()

    def attach(self, backbone: nn.Module) -> None:
        """Add a branch to each layer of a :class:`mmrice.RICEViT`."""
        for layer in backbone.layers:
            branch = self.branch(backbone.embed_dims, self.hidden_dims)
            self.branches.append(branch)
            layer.ffn.register_forward_hook(partial(_add, branch, self.scale))


@MODELS.register_module()
class ConvAdapter(BottleneckAdapter):
    """The same with a depth-wise convolution over the neighbouring patches between its projections (after Convpass, Jie
    and Deng 2022; one branch a layer, beside the feed-forward network). The class token passes the projections alone.

    Args:
        hidden_dims, scale, init_cfg: See :class:`BottleneckAdapter`.
    """
    branch = _ConvBranch

    def attach(self, backbone: nn.Module) -> None:
        """Add a branch to each layer, which knows the layout of the patches of the image at hand."""
        super().attach(backbone)
        layout = _Layout(backbone)
        for index, branch in enumerate(self.branches):
            branch.layout = partial(layout, index)


class _Layout:
    """Grid of the image at hand, and how its patches are ordered in windows.

    Args:
        backbone: A :class:`mmrice.RICEViT`.
    """

    def __init__(self, backbone: nn.Module) -> None:
        self.patch_size, self.window_size = backbone.patch_size, backbone.window_size
        self.grid, self.windows = (0, 0), None
        backbone.register_forward_pre_hook(self._note)

    def _note(self, module: nn.Module, args: Tuple[Tensor, ...]) -> None:
        rows, columns = (side // self.patch_size for side in args[0].shape[-2:])
        self.grid = rows, columns
        self.windows = divide(self.grid, self.window_size, args[0].device) if self.window_size else None

    def __call__(self, index: int) -> Tuple[Tuple[int, int], Optional[Any]]:
        """The same for all layers: tokens keep the windows' order from the first to the last."""
        return self.grid, self.windows
