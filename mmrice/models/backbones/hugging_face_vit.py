"""HuggingFaceViT: CLIP, SigLIP, DINOv2, DINOv3, ViT and MLCD as Hugging Face transformers has them."""
from contextlib import ExitStack
from math import isqrt
from operator import attrgetter
from typing import Any, Callable, Dict, Optional, Sequence, Set, Tuple, Union

from mmengine.model import BaseModule
from torch import Tensor

from mmrice.registry import MODELS
from mmrice.utils.errors import UserError

from .hugging_face_networks import FAMILIES, build_network, differences, read_config
from .rice_vit import OUT_TYPES


@MODELS.register_module()
class HuggingFaceViT(BaseModule):
    """A vision transformer of Hugging Face transformers as a backbone, so that peers of RICE run in the same configs.

    Any input size that the patch divides: learned positions are interpolated as transformers does. Features are those
    of transformers' own forward pass. The last layer is followed by the model's norm, over all tokens; for CLIP and
    MLCD, whose norm transformers applies to the class token alone, that is the choice of :class:`mmrice.RICEViT`.

    Args:
        config (dict | str): Fields of a config.json, ``model_type`` among them: 'clip_vision_model',
            'siglip_vision_model', 'dinov2', 'dinov2_with_registers', 'dinov3_vit', 'vit' or 'mlcd_vision_model'. Fields
            that are not given have the type's defaults. Or a local directory that has a config.json.
        out_type (str): As of :class:`mmrice.RICEViT`. Defaults to 'featmap'.

            - 'cls_token': the class token, or the output of the pooling head for SigLIP, which has none; shape (B, C).
            - 'raw': all tokens, shape (B, P + L, C): a class token and registers, ``num_extra_tokens`` in number, come
              first.
            - 'featmap': patch tokens as a map, shape (B, C, H / patch_size, W / patch_size).
            - 'avg_featmap': mean of the patch tokens, shape (B, C).
        out_indices (int | Sequence[int]): Layers to output, counted from 0; -1 is the last. Defaults to -1.
        final_norm (bool): Normalise the last layer's output. Defaults to True.
        init_cfg (dict, optional): Weights, ``dict(type='mmrice.RICEPretrained', checkpoint=...)`` with a local
            directory or file in Hugging Face's format; a config.json beside them must agree with ``config``. Defaults
            to None: random ones.

    Raises:
        UserError: A type, field, ``out_type`` or index that there is not, or transformers is missing.

    Example:
        >>> import torch
        >>> from mmrice.models import HuggingFaceViT
        >>> model = HuggingFaceViT(dict(model_type='dinov2', hidden_size=96, num_hidden_layers=2))
        >>> model(torch.rand(1, 3, 28, 56))[0].shape
        torch.Size([1, 96, 2, 4])
    """

    def __init__(self,
                 config: Union[dict, str],
                 out_type: str = 'featmap',
                 out_indices: Union[int, Sequence[int]] = -1,
                 final_norm: bool = True,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        if out_type not in OUT_TYPES:
            raise UserError(f'HuggingFaceViT: out_type={out_type!r} is none of {", ".join(OUT_TYPES)}.')
        self.config = read_config(config)
        self.family = FAMILIES[self.config.model_type]
        self.embed_dims, self.patch_size = self.config.hidden_size, self.config.patch_size
        self.num_layers = self.config.num_hidden_layers
        self.num_extra_tokens = self.family.class_token + getattr(self.config, 'num_register_tokens', 0)
        self.out_type, self.final_norm = out_type, final_norm
        indices = [out_indices] if isinstance(out_indices, int) else list(out_indices)
        if not indices or any(not -self.num_layers <= index < self.num_layers for index in indices):
            raise UserError(f'HuggingFaceViT: out_indices={out_indices}, but there are {self.num_layers} layers.')
        self.out_indices = [index % self.num_layers for index in indices]
        self._pools = out_type == 'cls_token' and not self.family.class_token
        if self._pools and self.out_indices != [self.num_layers - 1]:
            raise UserError(f'HuggingFaceViT: {self.config.model_type} has no class token; its head pools the last '
                            "layer alone. Leave out_indices at -1, or set out_type='avg_featmap'.")
        self.network = build_network(self.config, final_norm, self._pools)
        self._register_load_state_dict_pre_hook(self._take_file_names)

    def forward(self, x: Tensor) -> Tuple[Tensor, ...]:
        """Encode images.

        Args:
            x: Normalised images, shape (B, 3, H, W) with H and W multiples of the patch size.

        Returns:
            tuple: One output for each of ``out_indices``, of the shape that ``out_type`` says.
        """
        height, width = x.shape[-2:]
        if height % self.patch_size or width % self.patch_size:
            raise UserError(f'HuggingFaceViT: input of {height} x {width} pixels is not divisible by patch_size='
                            f'{self.patch_size}. Let the data_preprocessor pad: pad_size_divisor={self.patch_size} '
                            '(MMDetection), or size_divisor and test_cfg.size_divisor (MMSegmentation).')
        tokens: Dict[int, Tensor] = {}
        layers = attrgetter(self.family.layers)(self.network)
        with ExitStack() as stack:
            for index in self.out_indices:
                stack.callback(layers[index].register_forward_hook(_keep(tokens, index)).remove)
            output = self.network(pixel_values=x, **self.family.options)
        if self._pools:
            return (output.pooler_output, )
        last = self.num_layers - 1
        if self.final_norm and last in tokens:
            tokens[last] = getattr(self.network, self.family.norm)(tokens[last])
        grid = height // self.patch_size, width // self.patch_size
        return tuple(self._format(tokens[index], grid) for index in self.out_indices)

    def _format(self, tokens: Tensor, grid: Tuple[int, int]) -> Tensor:
        if self.out_type == 'raw':
            return tokens
        if self.out_type == 'cls_token':
            return tokens[:, 0]
        patches = tokens[:, self.num_extra_tokens:]
        if self.out_type == 'avg_featmap':
            return patches.mean(dim=1)
        return patches.transpose(1, 2).unflatten(2, grid).contiguous()

    def check_config(self, found: Dict[str, Any], file: str) -> None:
        """Compare the config.json beside some weights with this model.

        Raises:
            UserError: A number or function that the features depend on is another one.
        """
        differing = differences(found, self.config)
        if differing:
            name = differing[0].split(' ')[0]
            raise UserError(f'{file}: {"; ".join(differing)}. Set {name} in config of HuggingFaceViT, or give the '
                            'directory itself as config.')

    def _take_file_names(self, state: Dict[str, Tensor], prefix: str, *args: Any) -> None:
        """Rename the weights of a Hugging Face file, whatever stands before the tower's names in it."""
        if any(key.startswith(f'{prefix}network.') for key in state):
            return
        before = next((key[:-len(self.family.patches)] for key in state
                       if key.startswith(prefix) and key.endswith(self.family.patches)), None)
        if before is None:
            return
        for key in [key for key in state if key.startswith(before)]:
            state[f'{prefix}network.{key[len(before):]}'] = state.pop(key)
        self._check_positions(state, f'{prefix}network.{self.family.positions}')

    def _check_positions(self, state: Dict[str, Tensor], name: str) -> None:
        table = state.get(name)
        own = self.state_dict().get(f'network.{self.family.positions}')
        if table is None or own is None or table.shape == own.shape or table.shape[-1] != own.shape[-1]:
            return
        side = isqrt(table.shape[-2] - self.family.class_token) * self.patch_size
        raise UserError(f'the weights have positions for {side} px, but HuggingFaceViT is built for '
                        f'{self.config.image_size} px. Set image_size={side} in its config; input may have any size.')

    def no_weight_decay(self) -> Set[str]:
        """Names of parameters that should not decay: class token, registers, positions and SigLIP's probe."""
        parts = ('class_embedding', 'class_pos_emb', 'cls_token', 'register_tokens', 'position_embedding', 'probe')
        return {name for name, _ in self.named_parameters() if any(part in name for part in parts)}

    def get_layer_depth(self, param_name: str, prefix: str = '') -> Tuple[int, int]:
        """Depth of a parameter, for layer-wise learning rates; see :meth:`mmrice.RICEViT.get_layer_depth`."""
        num_depths = self.num_layers + 2
        if not param_name.startswith(prefix):
            return num_depths - 1, num_depths
        name = param_name[len(prefix):]
        layers = f'network.{self.family.layers}.'
        if name.startswith(layers):
            return int(name[len(layers):].split('.')[0]) + 1, num_depths
        if name.startswith((f'network.{self.family.norm}.', 'network.head.')):
            return num_depths - 1, num_depths
        return 0, num_depths


def _keep(tokens: Dict[int, Tensor], index: int) -> Callable:
    def hook(module: Any, args: Any, output: Any) -> None:
        tokens[index] = output[0] if isinstance(output, tuple) else output
    return hook
