"""MaskPooling: the embedding of a region is that of its pixels."""
from typing import List, Optional, Tuple, Union

import torch
from mmengine.model import BaseModule
from torch import Tensor

from mmrice.registry import MODELS

from ..layers import Linear, pad_boxes, region_token_mask


@MODELS.register_module()
class MaskPooling(BaseModule):
    """One embedding for each mask or box: the mean of the patch tokens in it, projected.

    UMG-CLIP aligns regions down to pixels; how it pools a mask could not be read, and the mean weighted with how much
    of each patch the mask covers is a choice of this project. Since the projection is linear, an embedding is the mean
    of those of single patches (:meth:`project`): a mask's words are learned by its patches, which is what dense
    similarity uses.

    Args:
        in_channels (int): Channels C of the tokens.
        out_channels (int): Dims D of an embedding, those of the text embeddings.
        patch_size (int, optional): Pixels a side of a patch, for boxes. Defaults to None: masks only.
        init_cfg (dict, optional): Weights to load. Defaults to None.

    Example:
        >>> import torch
        >>> from mmrice.models import MaskPooling
        >>> neck = MaskPooling(192, 64)
        >>> neck(torch.rand(2, 17, 192), (4, 4), [torch.rand(1, 4, 4), torch.rand(2, 4, 4)]).shape
        torch.Size([3, 64])
    """

    def __init__(self, in_channels: int, out_channels: int, patch_size: Optional[int] = None,
                 init_cfg: Union[dict, None] = None) -> None:
        super().__init__(init_cfg)
        self.patch_size = patch_size
        self.proj = Linear(in_channels, out_channels, bias=False)
        self.proj.weight.data.normal_(std=in_channels**-0.5)

    def project(self, patches: Tensor) -> Tensor:
        """Embeddings of single patches, (..., C) to (..., D); not normalised."""
        return self.proj(patches)

    def forward(self, tokens: Tensor, grid: Tuple[int, int], regions: List[Tensor]) -> Tensor:
        """Embed regions.

        Args:
            tokens: Class token and row-major patch tokens, shape (B, 1 + h * w, C).
            grid: Rows and columns of the patches, (h, w).
            regions: Per image, how much of each patch a mask covers, 0 to 1, shape (K_i, h, w); or boxes, xyxy in
                pixels of the network's input, shape (K_i, 4), which cover the tokens whose centres lie inside.

        Returns:
            Tensor: shape (sum of K_i, D), images in order and regions in order within an image; not normalised. Zeros
            where a mask covers nothing.
        """
        covers, real = pad_boxes(regions)
        if covers.dim() == 3:
            covers = region_token_mask(covers, grid, self.patch_size)
        weights = covers.float().flatten(2) if covers.dim() == 4 else covers.float()
        weights = weights / weights.sum(dim=-1, keepdim=True).clamp(min=torch.finfo(torch.float32).tiny)
        return self.proj((weights.to(tokens) @ tokens[:, 1:])[real])
