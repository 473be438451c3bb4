"""Prompter: tokens of an image and prompts in, one embedding a prompt out."""
from typing import List, NamedTuple, Optional, Tuple, Union

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from mmrice.registry import MODELS
from mmrice.utils.errors import UserError

from ..layers import FeedForward, Linear, init_transformer, pad_boxes
from ..layers.prompt_attention import attend_image, attend_prompts, prompt_weights, sine_positions


class Prepared(NamedTuple):
    """An image's tokens, with their places and projected, for all that is asked of it.

    Attributes:
        tokens: shape (B, L, C).
        query, key, value: shape (B, L, heads, d).
    """
    tokens: Tensor
    query: Tensor
    key: Tensor
    value: Tensor


@MODELS.register_module()
class Prompter(BaseModule):
    """Turns the embedding of an image into that of a region, given the region's box or a text (CLOC, sec. 3.3, fig. 2).

    The prompt, as tokens, stands before the image's tokens in one transformer layer with one head; the result is pooled
    and projected. A box prompt is sines and cosines of its corners, a text prompt the text's embedding, mapped to the
    image's channels. All prompts of an image share one pass.

    The paper leaves open the following; each default is a choice of this project:

    - ``pool``, over which outputs the "global average pooler" runs. 'prompt': over those of the prompt, which read the
      image by attention; a region costs two products with the tokens. 'image' and 'all': over the tokens, or both; then
      the layer's feed-forward network runs over all tokens once a region.
    - ``joint_corners``: both corners in one token, or a token each (the paper's wording). With 'prompt' a token that
      knows one corner cannot look inside the box, so one token is the default there; else two.
    - ``image_positions``: whether tokens get the encoding of their places again. Rotary backbones have no absolute one.
    - ``pre_norm``: norms before attention and feed-forward, as in ViTs, or behind.
    - ``ffn_ratio``: 4, as in ViTs.

    Args:
        in_channels (int): Channels C of the tokens, a multiple of 4.
        out_channels (int): Dims D of an embedding, those of the text embeddings.
        patch_size (int): Pixels a side of a patch.
        num_heads (int): Attention heads. Defaults to 1, the paper's.
        pool (str): 'prompt', 'image' or 'all'. Defaults to 'prompt'.
        joint_corners (bool, optional): See above. Defaults to None: with 'prompt' alone.
        image_positions (bool): See above. Defaults to True.
        pre_norm (bool): See above. Defaults to True.
        ffn_ratio (float): Hidden channels of the feed-forward network over C. Defaults to 4.
        grounding (bool): Have what :meth:`ground` needs. Defaults to True.
        init_cfg (dict, optional): Weights to load. Defaults to None.

    Raises:
        UserError: Another ``pool``, or channels that heads or sines do not divide.

    Example:
        >>> import torch
        >>> from mmrice.models import Prompter
        >>> neck = Prompter(192, 64, patch_size=16)
        >>> boxes = [torch.tensor([[0., 0., 32., 32.]]), torch.tensor([[0., 0., 64., 16.], [16., 0., 64., 64.]])]
        >>> neck(torch.rand(2, 17, 192), (4, 4), boxes).shape
        torch.Size([3, 64])
    """

    def __init__(self,
                 in_channels: int,
                 out_channels: int,
                 patch_size: int,
                 num_heads: int = 1,
                 pool: str = 'prompt',
                 joint_corners: Optional[bool] = None,
                 image_positions: bool = True,
                 pre_norm: bool = True,
                 ffn_ratio: float = 4.,
                 grounding: bool = True,
                 init_cfg: Union[dict, None] = None) -> None:
        super().__init__(init_cfg)
        if pool not in ('prompt', 'image', 'all'):
            raise UserError(f"Prompter: pool={pool!r}, expected 'prompt', 'image' or 'all'.")
        if in_channels % 4 or in_channels % num_heads:
            raise UserError(f'Prompter: in_channels={in_channels}, expected a multiple of 4 and of num_heads='
                            f'{num_heads}.')
        self.patch_size, self.num_heads, self.pool, self.pre_norm = patch_size, num_heads, pool, pre_norm
        self.joint_corners = pool == 'prompt' if joint_corners is None else joint_corners
        self.position = Linear(in_channels, in_channels) if image_positions else None
        self.corners = Linear(in_channels * (2 if self.joint_corners else 1), in_channels)
        self.which_corner = None if self.joint_corners else nn.Parameter(torch.empty(2, in_channels))
        self.norm1, self.norm2 = nn.LayerNorm(in_channels), nn.LayerNorm(in_channels)
        self.qkv = Linear(in_channels, 3 * in_channels)
        self.attn_proj = Linear(in_channels, in_channels)
        self.ffn = FeedForward(in_channels, int(in_channels * ffn_ratio))
        self.norm = nn.LayerNorm(in_channels) if pre_norm else nn.Identity()
        self.proj = Linear(in_channels, out_channels, bias=False)
        self.text = Linear(out_channels, in_channels) if grounding else None
        self.box_head = FeedForward(in_channels, in_channels) if grounding else None
        init_transformer(self)
        nn.init.normal_(self.proj.weight, std=in_channels**-0.5)
        if self.which_corner is not None:
            nn.init.normal_(self.which_corner, std=0.02)
        if self.box_head is not None:
            self.box_head[-1] = Linear(in_channels, 4)
            nn.init.trunc_normal_(self.box_head[-1].weight, std=0.02)
            self.box_head[-1].bias.data = torch.tensor([0.25, 0.25, 0.75, 0.75])  # a box in the middle

    def prepare(self, tokens: Tensor, grid: Tuple[int, int]) -> Prepared:
        """What :meth:`forward` and :meth:`ground` both need of the tokens; give it to both to compute it once."""
        tokens = self._with_positions(tokens, grid)
        return Prepared(tokens, *self._project(tokens))

    def forward(self, tokens: Tensor, grid: Tuple[int, int], boxes: List[Tensor],
                prepared: Optional[Prepared] = None) -> Tensor:
        """Embed regions.

        Args:
            tokens: Class token and row-major patch tokens, shape (B, 1 + h * w, C).
            grid: Rows and columns of the patches, (h, w).
            boxes: Per image, xyxy in pixels of the network's input, shape (K_i, 4); K_i may be 0.
            prepared: Of :meth:`prepare`. Defaults to None: computed here.

        Returns:
            Tensor: shape (sum of K_i, D), images in order and regions in order within an image; not normalised.
        """
        padded, real = pad_boxes(boxes)
        prompts = self._box_prompts(padded, grid, tokens)
        return self.proj(self._read(prepared or self.prepare(tokens, grid), prompts, real))

    def attention(self, tokens: Tensor, grid: Tuple[int, int], boxes: List[Tensor]) -> Tensor:
        """Where box prompts look: their weights over the patch tokens, the mean of a region's prompts.

        Args:
            tokens, grid, boxes: See :meth:`forward`.

        Returns:
            Tensor: shape (sum of K_i, heads, h, w). A head's weights sum to less than one: the class token and the
            prompts have the rest.
        """
        padded, real = pad_boxes(boxes)
        image_key = self.prepare(tokens, grid).key
        query, key, _ = self._project(self._box_prompts(padded, grid, tokens))
        return prompt_weights(query, key, image_key)[1][real].mean(dim=2)[..., 1:].unflatten(-1, grid)

    def _box_prompts(self, boxes: Tensor, grid: Tuple[int, int], tokens: Tensor) -> Tensor:
        """Boxes (B, K, 4) in pixels to prompts (B, K, P, C)."""
        sides = torch.tensor([grid[1], grid[0]], device=boxes.device) * self.patch_size
        places = sine_positions(boxes.unflatten(-1, (2, 2)) / sides, tokens.size(-1)).to(tokens.dtype)
        if self.joint_corners:
            return self.corners(places.flatten(-2))[..., None, :]
        return self.corners(places) + self.which_corner

    def ground(self, tokens: Tensor, grid: Tuple[int, int], texts: List[Tensor],
               prepared: Optional[Prepared] = None) -> Tensor:
        """Say where what texts speak of is (CLOC, eq. 3: BoxHead, a two-layer MLP with GELU).

        Args:
            tokens, grid, prepared: See :meth:`forward`.
            texts: Per image, embeddings of texts, shape (K_i, D); their lengths do not matter (a choice).

        Returns:
            Tensor: xyxy as fractions of the network's input, not clamped, shape (sum of K_i, 4).

        Raises:
            UserError: The Prompter was built without ``grounding``.
        """
        if self.text is None:
            raise UserError('Prompter: grounding=False, so it cannot find boxes for texts. Set grounding=True.')
        counts = torch.tensor([len(own) for own in texts], device=tokens.device)
        padded = pad_sequence([nn.functional.normalize(own, dim=-1) for own in texts], batch_first=True)
        real = torch.arange(padded.size(1), device=tokens.device) < counts[:, None]
        prompts = self.text(padded)[..., None, :]
        return self.box_head(self._read(prepared or self.prepare(tokens, grid), prompts, real))

    def _read(self, image: Prepared, prompts: Tensor, real: Tensor) -> Tensor:
        """The layer, its pooling and the last norm: prompts (B, K, P, C) to (R, C), of the real ones, bool (B, K)."""
        tokens, query, key, value = image
        asked, offered, told = self._project(prompts)
        parts = []
        if self.pool != 'image':
            parts.append(self._finish(prompts, attend_prompts(asked, offered, told, key, value), real))
        if self.pool != 'prompt':
            parts.append(self._finish(tokens[:, None], attend_image(query, key, value, offered, told), real))
        return self.norm(torch.cat(parts, dim=1).mean(dim=1))

    def _with_positions(self, tokens: Tensor, grid: Tuple[int, int]) -> Tensor:
        if self.position is None:
            return tokens
        rows, columns = ((torch.arange(side, device=tokens.device) + 0.5) / side for side in grid)
        places = torch.stack(torch.meshgrid(columns, rows, indexing='xy'), dim=-1).flatten(0, 1)
        encoded = self.position(sine_positions(places, tokens.size(-1)).to(tokens.dtype))
        return torch.cat([tokens[:, :1], tokens[:, 1:] + encoded], dim=1)

    def _project(self, x: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        x = self.norm1(x) if self.pre_norm else x
        return self.qkv(x).unflatten(-1, (3, self.num_heads, -1)).unbind(dim=-3)

    def _finish(self, x: Tensor, attended: Tensor, real: Tensor) -> Tensor:
        """Residuals and feed-forward network: (B, K or 1, N, C) and attention's (B, K, N, heads, d) to (R, N, C)."""
        attended = self.attn_proj(attended[real].flatten(-2))
        x = x.expand(-1, real.size(1), -1, -1)[real] + attended
        if self.pre_norm:
            return x + self.ffn(self.norm2(x))
        x = self.norm1(x)
        return self.norm2(x + self.ffn(x))
