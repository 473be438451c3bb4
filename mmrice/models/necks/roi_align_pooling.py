"""RoIAlignPooling: the region embeddings of RegionCLIP and UMG-CLIP, and CLOC's ablation."""
from typing import List, Tuple, Union

from mmengine.model import BaseModule
from torch import Tensor
from torchvision.ops import roi_align

from mmrice.registry import MODELS

from ..layers import Linear


@MODELS.register_module()
class RoIAlignPooling(BaseModule):
    """One embedding for each box: RoIAlign of the patch tokens, their mean, a projection.

    CLOC's ablation (Table 2, rows 4 and 9) names RoIAlign and no sizes; those here are MMDetection's usual ones.

    Args:
        in_channels (int): Channels C of the tokens.
        out_channels (int): Dims D of a region embedding.
        patch_size (int): Pixels a side of a patch.
        output_size (int): Samples a side. Defaults to 7.
        init_cfg (dict, optional): Weights to load. Defaults to None.
    """

    def __init__(self, in_channels: int, out_channels: int, patch_size: int, output_size: int = 7,
                 init_cfg: Union[dict, None] = None) -> None:
        super().__init__(init_cfg)
        self.patch_size, self.output_size = patch_size, output_size
        self.proj = Linear(in_channels, out_channels, bias=False)
        self.proj.weight.data.normal_(std=in_channels**-0.5)

    def forward(self, tokens: Tensor, grid: Tuple[int, int], boxes: List[Tensor]) -> Tensor:
        """Embed regions, arguments and result as those of :meth:`mmrice.models.Prompter.forward`."""
        maps = tokens[:, 1:].unflatten(1, grid).permute(0, 3, 1, 2).float()
        pooled = roi_align(maps, [own.float() for own in boxes], self.output_size, 1 / self.patch_size, aligned=True)
        return self.proj(pooled.mean(dim=(2, 3)).to(tokens.dtype))
