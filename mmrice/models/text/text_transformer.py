"""TextTransformer, the text tower of CLIP."""
import json
from pathlib import Path
from typing import Any, Dict, Optional, Tuple, Union

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrice.registry import MODELS
from mmrice.utils.errors import UserError

from ..layers import ACTIVATIONS, Block, Linear, init_transformer
from .clip_names import differences, take_clip_names


def text_lengths(ids: Tensor, end_id: int) -> Tensor:
    """Tokens of each text up to its first end token, which counts; what follows is padding.

    Args:
        ids: int64, shape (N, T).
        end_id: The end token; every text has one.

    Returns:
        Tensor: int64, shape (N, ).
    """
    return (ids == end_id).int().argmax(dim=1) + 1


@MODELS.register_module()
class TextTransformer(BaseModule):
    """Text tower of CLIP: token and learned position embeddings, causal pre-norm layers, a norm on the output.

    Follows OpenAI's CLIP (Radford et al. 2021, sec. 2.4). A token sees itself and those before it, so that padding
    behind the end token changes nothing before it.

    Args:
        arch (str | dict): 'base' (512 wide, 12 layers, 8 heads: CLIP's beside ViT-B), 'large' (768 wide, 12 layers, 12
            heads: beside ViT-L), 'tiny' (128 wide, 2 layers, 2 heads, for small experiments), or a dict with
            embed_dims, num_layers, num_heads and feedforward_channels. Defaults to 'base'.
        vocab_size (int): Tokens of the tokenizer. Defaults to 49,408, CLIP's.
        num_tokens (int): Most tokens of a text, start and end included. Defaults to 77, CLIP's.
        end_id (int, optional): The end token. Defaults to None, the last of the vocabulary.
        out_dims (int, optional): Dims D of the pooled feature after CLIP's projection. Defaults to None: no projection.
        activation (str): 'gelu', or 'quick_gelu' for OpenAI's weights. Defaults to 'gelu'.
        norm_eps (float): Epsilon of the layer norms. Defaults to 1e-5.
        init_cfg (dict, optional): Weights, ``dict(type='mmrice.RICEPretrained', checkpoint=...)`` with a CLIP model in
            Hugging Face's, open_clip's or OpenAI's layout (a plain state dict), whole or its text tower; a config.json
            beside it must agree. Defaults to None: random ones.

    Raises:
        UserError: An unknown ``arch`` or ``activation``, or a text that is too long.

    Example:
        >>> import torch
        >>> from mmrice.models import TextTransformer
        >>> from mmrice.utils.tokenizers import load_clip_tokenizer
        >>> ids = load_clip_tokenizer()(['a dog at the left', 'sky'])
        >>> [tuple(output.shape) for output in TextTransformer()(ids)]
        [(2, 77, 512), (2, 512)]
    """
    pad_id = 0  # anything would do: nothing looks behind the end token
    arch_zoo: Dict[str, Tuple[int, int, int, int]] = {  # embed_dims, num_layers, num_heads, feedforward_channels
        'tiny': (128, 2, 2, 512),
        'base': (512, 12, 8, 2048),
        'large': (768, 12, 12, 3072),
    }

    def __init__(self,
                 arch: Union[str, dict] = 'base',
                 vocab_size: int = 49_408,
                 num_tokens: int = 77,
                 end_id: Optional[int] = None,
                 out_dims: Optional[int] = None,
                 activation: str = 'gelu',
                 norm_eps: float = 1e-5,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        if activation not in ACTIVATIONS:
            raise UserError(f'TextTransformer: activation={activation!r} is none of {", ".join(ACTIVATIONS)}.')
        self.embed_dims, self.num_layers, self.num_heads, ffn_dims = self._parse_arch(arch)
        self.num_tokens, self.activation, self.norm_eps = num_tokens, activation, norm_eps
        self.end_id = vocab_size - 1 if end_id is None else end_id
        self.token_embedding = nn.Embedding(vocab_size, self.embed_dims)
        self.position_embedding = nn.Parameter(torch.empty(num_tokens, self.embed_dims))
        self.layers = nn.ModuleList(
            Block(self.embed_dims, self.num_heads, ffn_dims, norm_eps=norm_eps, causal=True, activation=activation)
            for _ in range(self.num_layers))
        self.norm = nn.LayerNorm(self.embed_dims, eps=norm_eps)
        self.projection = nn.Identity() if out_dims is None else Linear(self.embed_dims, out_dims, bias=False)
        init_transformer(self)
        nn.init.normal_(self.token_embedding.weight, std=0.02)
        nn.init.normal_(self.position_embedding, std=0.01)
        self._register_load_state_dict_pre_hook(take_clip_names)

    def _parse_arch(self, arch: Union[str, dict]) -> Tuple[int, int, int, int]:
        keys = ('embed_dims', 'num_layers', 'num_heads', 'feedforward_channels')
        if not isinstance(arch, dict):
            if arch not in self.arch_zoo:
                raise UserError(f'TextTransformer: arch={arch!r} is none of {", ".join(self.arch_zoo)}, and not a '
                                'dict.')
            return self.arch_zoo[arch]
        if set(arch) != set(keys):
            raise UserError(f'TextTransformer: arch has keys {sorted(arch)}, expected exactly {sorted(keys)}.')
        if arch['embed_dims'] % arch['num_heads']:
            raise UserError(f'TextTransformer: embed_dims={arch["embed_dims"]} is not divisible by num_heads='
                            f'{arch["num_heads"]}.')
        return tuple(arch[key] for key in keys)

    def forward(self, ids: Tensor) -> Tuple[Tensor, Tensor]:
        """Encode texts.

        Args:
            ids: Tokens with an end token in each text, padded behind it with whatever, int64, shape (N, T).

        Returns:
            tuple: Features of the tokens, shape (N, T, C); and that of each text's first end token, shape (N, C), or
            (N, D) with ``out_dims``.
        """
        if ids.size(1) > self.num_tokens:
            raise UserError(f'TextTransformer: a text of {ids.size(1)} tokens, but num_tokens={self.num_tokens}.')
        tokens = self.token_embedding(ids) + self.position_embedding[:ids.size(1)]
        for layer in self.layers:
            tokens = layer(tokens, None)
        tokens = self.norm(tokens)
        ends = tokens[torch.arange(len(ids), device=ids.device), text_lengths(ids, self.end_id) - 1]
        return tokens, self.projection(ends)

    def check_config(self, found: Dict[str, Any], file: str) -> None:
        """Compare the config.json beside some weights with this model.

        Args:
            found: Not used: the vision tower's part.
            file: The config.json.

        Raises:
            UserError: Heads, activation or epsilon of the text tower are others.
        """
        content = json.loads(Path(file).read_text(encoding='utf-8'))
        differing = differences(content, dict(num_heads=self.num_heads, activation=self.activation,
                                              norm_eps=self.norm_eps))
        if differing:
            raise UserError(f'{file}: {"; ".join(differing)}. Change it in the config of TextTransformer.')
