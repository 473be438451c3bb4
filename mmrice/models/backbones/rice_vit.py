"""RICEViT, the vision transformer of RICE and MLCD."""
import math
from typing import Dict, List, Optional, Sequence, Tuple, Union

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mmrice.registry import MODELS
from mmrice.utils.errors import UserError

from ..layers import Block, Rope, axial_angles, divide, grid_angles, init_transformer, rotation
from ..layers.token_merging import merge_tokens, unmerge_tokens

OUT_TYPES = ('cls_token', 'raw', 'featmap', 'avg_featmap')


def _reorder(patches: Tensor, order: Optional[Tensor]) -> Tensor:
    return patches if order is None else patches[:, order]


@MODELS.register_module()
class RICEViT(BaseModule):
    """Vision transformer with 2-D rotary positions, one encoder for MMPretrain, MMDet and MMSeg.

    No absolute positions: queries and keys are rotated by (row, column) angles in every layer, the class token by a
    learned angle, so that any input size works. Norms before each branch, one before the first layer and one on the
    output. Follows the authors' released model (``mlcd`` in Hugging Face transformers); see :mod:`..layers.rope` for
    the order of rows and columns.

    Args:
        arch (str | dict): 'tiny', 'small', 'base', 'large', 'giga', or a dict with embed_dims, num_layers, num_heads
            and feedforward_channels. 'tiny' has six layers, half of DeiT's, for experiments on a CPU. Defaults to
            'base'.
        patch_size (int): Pixels a side of a patch. Defaults to 16.
        out_type (str): The type of each output. Defaults to 'cls_token'.

            - 'cls_token': the class token, shape (B, C).
            - 'raw': class and patch tokens, shape (B, 1 + L, C).
            - 'featmap': patch tokens as a map, shape (B, C, H / patch_size, W / patch_size).
            - 'avg_featmap': mean of the patch tokens, shape (B, C).
        out_indices (int | Sequence[int]): Layers to output, counted from 0; -1 is the last. Defaults to -1.
        final_norm (bool): Normalise the last layer's output (all tokens, as the authors' region code does; Hugging Face
            normalises the pooled class token only). Defaults to True.
        window_size (int): Patches a side of the windows in which layers attend; a patch sees its window and the class
            token, the class token sees everything. 0 means global attention in all layers. Defaults to 0.
        global_attn_indexes (Sequence[int]): Layers that attend globally nevertheless. Defaults to ().
        drop_path_rate (float): Stochastic depth of the last layer, growing linearly from 0. Defaults to 0.
        frozen_stages (int): Layers whose parameters are frozen, the embedding included; 0 freezes the embedding alone
            and -1 nothing. Defaults to -1.
        token_merging (dict, optional): Merge patches that are alike in training, to save time: ``after`` so many layers
            a share ``keep`` of them goes on, 0.5 at least; ``in_eval`` merges in evaluation, too. Outputs still have a
            token for each patch. See :mod:`..layers.token_merging`. Defaults to None.
        with_cp (bool): Recompute the layers in the backward pass to save memory. Defaults to False.
        norm_eps (float): Epsilon of the layer norms. Defaults to 1e-5.
        init_cfg (dict, optional): Weights to load. Defaults to None.

    Raises:
        UserError: Unknown ``arch`` or ``out_type``, or an index out of range.

    Example:
        >>> import torch
        >>> from mmrice.models import RICEViT
        >>> model = RICEViT('tiny', out_type='featmap')
        >>> model(torch.rand(1, 3, 64, 96))[0].shape
        torch.Size([1, 192, 4, 6])
    """
    num_extra_tokens = 1
    arch_zoo: Dict[str, Tuple[int, int, int, int]] = {  # embed_dims, num_layers, num_heads, feedforward_channels
        'tiny': (192, 6, 3, 768),
        'small': (384, 12, 6, 1536),
        'base': (768, 12, 12, 3072),
        'large': (1024, 24, 16, 4096),
        'giga': (1664, 48, 16, 8192),
    }

    def __init__(self,
                 arch: Union[str, dict] = 'base',
                 patch_size: int = 16,
                 out_type: str = 'cls_token',
                 out_indices: Union[int, Sequence[int]] = -1,
                 final_norm: bool = True,
                 window_size: int = 0,
                 global_attn_indexes: Sequence[int] = (),
                 drop_path_rate: float = 0.,
                 frozen_stages: int = -1,
                 token_merging: Optional[dict] = None,
                 with_cp: bool = False,
                 norm_eps: float = 1e-5,
                 init_cfg: Union[dict, None] = None) -> None:
        super().__init__(init_cfg)
        self.embed_dims, self.num_layers, self.num_heads, ffn_dims = self._parse_arch(arch)
        if out_type not in OUT_TYPES:
            raise UserError(f'RICEViT: out_type={out_type!r} is none of {", ".join(OUT_TYPES)}.')
        self.patch_size = patch_size
        self.out_type = out_type
        self.out_indices = self._parse_indices('out_indices', out_indices)
        if window_size < 0 or (global_attn_indexes and not window_size):
            raise UserError(f'RICEViT: window_size={window_size} with global_attn_indexes={global_attn_indexes}: give '
                            'a window size above 0, or no indexes: then all layers are global.')
        self.window_size = window_size
        self.global_attn_indexes = self._parse_indices('global_attn_indexes', global_attn_indexes)
        self.frozen_stages = frozen_stages
        self.merging = None if token_merging is None else self._parse_merging(**token_merging)
        self.with_cp = with_cp

        head_dims = self.embed_dims // self.num_heads
        self.patch_embed = nn.Conv2d(3, self.embed_dims, patch_size, stride=patch_size, bias=False)
        self.cls_token = nn.Parameter(torch.empty(1, 1, self.embed_dims))
        self.cls_angles = nn.Parameter(torch.empty(1, head_dims // 2))
        self.pre_norm = nn.LayerNorm(self.embed_dims, eps=norm_eps)
        drop_paths = [drop_path_rate * i / max(1, self.num_layers - 1) for i in range(self.num_layers)]
        self.layers = nn.ModuleList(
            Block(self.embed_dims, self.num_heads, ffn_dims, drop_path, norm_eps) for drop_path in drop_paths)
        self.norm = nn.LayerNorm(self.embed_dims, eps=norm_eps) if final_norm else nn.Identity()
        self._reset_parameters()
        self._freeze()

    def _parse_arch(self, arch: Union[str, dict]) -> Tuple[int, int, int, int]:
        if isinstance(arch, dict):
            keys = ('embed_dims', 'num_layers', 'num_heads', 'feedforward_channels')
            if set(arch) != set(keys):
                raise UserError(f'RICEViT: arch has keys {sorted(arch)}, expected exactly {sorted(keys)}.')
            numbers = tuple(arch[key] for key in keys)
        elif arch in self.arch_zoo:
            numbers = self.arch_zoo[arch]
        else:
            raise UserError(f'RICEViT: arch={arch!r} is none of {", ".join(self.arch_zoo)}, and not a dict.')
        if numbers[0] % (4 * numbers[2]):
            raise UserError(f'RICEViT: embed_dims={numbers[0]} must be a multiple of 4 * num_heads={4 * numbers[2]}: '
                            'a head holds sines and cosines of rows and of columns.')
        return numbers

    def _parse_indices(self, name: str, value: Union[int, Sequence[int]]) -> List[int]:
        indices = [value] if isinstance(value, int) else list(value)
        for index in indices:
            if not -self.num_layers <= index < self.num_layers:
                raise UserError(f'RICEViT: {name} has {index}, but there are {self.num_layers} layers.')
        indices = [index % self.num_layers for index in indices]
        if indices != sorted(set(indices)):
            raise UserError(f'RICEViT: {name}={value} must name layers once, from the first to the last.')
        return indices

    def _parse_merging(self, after: int, keep: float = 0.5, in_eval: bool = False) -> Tuple[int, float, bool]:
        if self.window_size:
            raise UserError('RICEViT: token_merging with window_size: patches that are merged are in no window. Set '
                            'one of them.')
        if not 0 < after < self.num_layers or not 0.5 <= keep < 1:
            raise UserError(f'RICEViT: token_merging has after={after} and keep={keep}, expected 1 to '
                            f'{self.num_layers - 1} layers and a share of 0.5 or more, below 1.')
        return after, keep, in_eval

    def _reset_parameters(self) -> None:
        init_transformer(self)
        nn.init.trunc_normal_(self.patch_embed.weight, std=0.02)
        nn.init.trunc_normal_(self.cls_token, std=0.02)
        nn.init.normal_(self.cls_angles)  # as the authors' code: raw angles in radians

    def _freeze(self) -> None:
        if self.frozen_stages < 0:
            return
        frozen = [self.patch_embed, self.pre_norm, *self.layers[:self.frozen_stages]]
        if self.frozen_stages >= self.num_layers:
            frozen.append(self.norm)
        for module in frozen:
            module.eval()
            module.requires_grad_(False)
        self.cls_token.requires_grad_(False)
        self.cls_angles.requires_grad_(False)

    def train(self, mode: bool = True) -> 'RICEViT':
        """Switch to training; frozen layers stay in evaluation mode."""
        super().train(mode)
        if mode:
            self._freeze()
        return self

    def forward(self, x: Tensor) -> Tuple[Tensor, ...]:
        """Encode images.

        Args:
            x: Normalised images, shape (B, 3, H, W) with H and W multiples of the patch size.

        Returns:
            tuple: One output for each of ``out_indices``, of the shape that ``out_type`` says.
        """
        height, width = x.shape[-2:]
        if height % self.patch_size or width % self.patch_size:
            raise UserError(f'RICEViT: input of {height} x {width} pixels is not divisible by patch_size='
                            f'{self.patch_size}. Let the data_preprocessor pad: pad_size_divisor={self.patch_size} '
                            '(MMDetection, pretraining), or size_divisor and test_cfg.size_divisor (MMSegmentation).')
        grid = height // self.patch_size, width // self.patch_size
        windows = divide(grid, self.window_size, x.device) if self.window_size else None
        order, inverse = (windows.order, windows.inverse) if windows else (None, None)
        tokens = _reorder(self.patch_embed(x).flatten(2).transpose(1, 2), order)
        tokens = torch.cat([self.cls_token.to(tokens).expand(len(tokens), -1, -1), tokens], dim=1)
        tokens = self.pre_norm(tokens)
        rope, target = self._rope(grid, order), None
        after, keep, in_eval = self.merging or (-1, 1., False)

        outputs = []
        for index, layer in enumerate(self.layers):
            if index == after and (self.training or in_eval) and grid[0] * grid[1] > 1:
                tokens, rope, target = self._merge(tokens, grid, keep)
            local = None if index in self.global_attn_indexes else windows
            if self.with_cp and self.training and tokens.requires_grad:
                tokens = checkpoint(layer, tokens, rope, local, use_reentrant=False)
            else:
                tokens = layer(tokens, rope, local)
            if index in self.out_indices:
                last = index == self.num_layers - 1
                whole = tokens if target is None else torch.cat(
                    [tokens[:, :1], unmerge_tokens(tokens[:, 1:], target)], dim=1)
                outputs.append(self._format(self.norm(whole) if last else whole, grid, inverse))
        return tuple(outputs)

    def _rope(self, grid: Tuple[int, int], order: Optional[Tensor]) -> Rope:
        patches = grid_angles(grid, self.embed_dims // self.num_heads, self.cls_angles.device)
        angles = torch.cat([self.cls_angles.detach().float(), patches if order is None else patches[order]])
        return (*rotation(angles[:, None]), self.cls_angles)

    def _merge(self, tokens: Tensor, grid: Tuple[int, int], keep: float) -> Tuple[Tensor, Rope, Tensor]:
        """Fewer tokens, their rotations, and what each patch has become."""
        rows, columns = torch.meshgrid(*(torch.arange(side, device=tokens.device) for side in grid), indexing='ij')
        merged = merge_tokens(tokens[:, 1:], torch.stack([rows, columns], dim=-1).flatten(0, 1),
                              grid[0] * grid[1] - math.ceil(keep * grid[0] * grid[1]))
        patches = axial_angles(*merged.positions.unbind(-1), self.embed_dims // self.num_heads)
        angles = torch.cat([self.cls_angles.detach().float().expand(len(tokens), 1, -1), patches], dim=1)
        return (torch.cat([tokens[:, :1], merged.tokens], dim=1), (*rotation(angles[:, :, None]), self.cls_angles),
                merged.target)

    def _format(self, tokens: Tensor, grid: Tuple[int, int], inverse: Optional[Tensor]) -> Tensor:
        if self.out_type == 'cls_token':
            return tokens[:, 0]
        if self.out_type == 'avg_featmap':
            return tokens[:, 1:].mean(dim=1)
        patches = _reorder(tokens[:, 1:], inverse)
        if self.out_type == 'raw':
            return tokens if inverse is None else torch.cat([tokens[:, :1], patches], dim=1)
        return patches.transpose(1, 2).unflatten(2, grid).contiguous()

    def no_weight_decay(self) -> set:
        """Names of parameters that should not decay."""
        return {'cls_token', 'cls_angles'}

    def get_layer_depth(self, param_name: str, prefix: str = '') -> Tuple[int, int]:
        """Depth of a parameter, for layer-wise learning rates.

        Args:
            param_name: Full name of the parameter.
            prefix: Prefix of this backbone's names, such as 'backbone.'.

        Returns:
            tuple: Depth, 0 for the embedding up to ``num_layers + 1`` for whatever follows the layers; and the number
            of depths, ``num_layers + 2``.
        """
        num_depths = self.num_layers + 2
        if not param_name.startswith(prefix):
            return num_depths - 1, num_depths
        name = param_name[len(prefix):]
        if name.startswith('layers.'):
            return int(name.split('.')[1]) + 1, num_depths
        if name.startswith('norm.'):
            return num_depths - 1, num_depths
        return 0, num_depths
