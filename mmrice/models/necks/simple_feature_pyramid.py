"""SimpleFeaturePyramid: a pyramid from the last map of a plain ViT (ViTDet, sec. 3)."""
from typing import List, Sequence, Tuple, Union

import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrice.registry import MODELS
from mmrice.utils.errors import UserError


class LayerNorm2d(nn.LayerNorm):
    """Layer norm over the channels of (B, C, H, W), in float32.

    CUDA's autocast does the same, the CPU's does not. MMDet's RoI extractors round boxes to the dtype of the maps, and
    bfloat16 has steps of 2 px from 256 px on.
    """

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.float().permute(0, 2, 3, 1)).permute(0, 3, 1, 2).contiguous()


def _rescale(in_channels: int, scale: float) -> Tuple[List[nn.Module], int]:
    """Layers that resample a map by ``scale``, and the channels that leave them."""
    if scale == 4:
        return [
            nn.ConvTranspose2d(in_channels, in_channels // 2, 2, stride=2),
            LayerNorm2d(in_channels // 2),
            nn.GELU(),
            nn.ConvTranspose2d(in_channels // 2, in_channels // 4, 2, stride=2)
        ], in_channels // 4
    if scale == 2:
        return [nn.ConvTranspose2d(in_channels, in_channels // 2, 2, stride=2)], in_channels // 2
    if scale == 1:
        return [], in_channels
    if scale == 0.5:
        return [nn.MaxPool2d(2, stride=2)], in_channels
    raise UserError(f'SimpleFeaturePyramid: scale {scale} is none of 4, 2, 1, 0.5.')


@MODELS.register_module()
class SimpleFeaturePyramid(BaseModule):
    """Feature pyramid of a plain ViT: only its last map is used, resampled by learned deconvolutions and pooling.

    Follows ViTDet: each level is resampled, then a 1x1 and a 3x3 convolution, each with a layer norm over channels.

    Args:
        in_channels (int): Channels of the backbone's map.
        out_channels (int): Channels of each level. Defaults to 256.
        scales (Sequence[float]): Size of each level over the backbone's map, from large to small, out of 4, 2, 1, 0.5.
            Defaults to (4, 2, 1, 0.5): strides 4 to 32 with patch size 16.
        num_extra_levels (int): Levels appended, each the last one subsampled by 2. Defaults to 1.
        init_cfg (dict, optional): Weights to load. Defaults to None.
    """

    def __init__(self,
                 in_channels: int,
                 out_channels: int = 256,
                 scales: Sequence[float] = (4, 2, 1, 0.5),
                 num_extra_levels: int = 1,
                 init_cfg: Union[dict, None] = None) -> None:
        super().__init__(init_cfg)
        self.num_extra_levels = num_extra_levels
        self.levels = nn.ModuleList()
        for scale in scales:
            layers, channels = _rescale(in_channels, scale)
            self.levels.append(
                nn.Sequential(*layers, nn.Conv2d(channels, out_channels, 1, bias=False), LayerNorm2d(out_channels),
                              nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
                              LayerNorm2d(out_channels)))

    def forward(self, inputs: Tuple[Tensor, ...]) -> Tuple[Tensor, ...]:
        """Build the pyramid.

        Args:
            inputs: Maps of the backbone; the last one is used, shape (B, C, h, w).

        Returns:
            tuple: One map a level, from high to low resolution, each (B, out_channels, h * scale, w * scale).
        """
        outputs = [level(inputs[-1]) for level in self.levels]
        for _ in range(self.num_extra_levels):
            outputs.append(F.max_pool2d(outputs[-1], 1, stride=2))
        return tuple(outputs)
