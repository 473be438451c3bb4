"""Feature pyramids from the last map of a plain ViT: ViTDet's deconvolutions, and pooling alone as RICE's probe."""
from typing import List, Optional, Sequence, Tuple, Union

import torch.nn.functional as F
from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrice.registry import MODELS
from mmrice.utils.errors import UserError

SCALES = (4, 2, 1, 0.5, 0.25)


@MODELS.register_module('LN2d')
class LayerNorm2d(nn.LayerNorm):
    """Layer norm over the channels of (B, C, H, W), in float32; as ``norm_cfg=dict(type='mmrice.LN2d')`` for any head.

    CUDA's autocast does the same, the CPU's does not. MMDet's RoI extractors round boxes to the dtype of the maps, and
    bfloat16 has steps of 2 px from 256 px on.

    Args:
        num_channels (int): C.
        eps (float): Added to the variance. Defaults to 1e-6, ViTDet's; mmcv's ``build_norm_layer`` passes 1e-5 unless
            ``norm_cfg`` has another.
    """

    def __init__(self, num_channels: int, eps: float = 1e-6) -> None:
        super().__init__(num_channels, eps=eps)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.float().permute(0, 2, 3, 1)).permute(0, 3, 1, 2).contiguous()


def _pool(factor: int) -> nn.MaxPool2d:
    """Max-pool that keeps what is left over at the border, so that a level covers the whole image as an FPN's does."""
    return nn.MaxPool2d(factor, stride=factor, ceil_mode=True)


@MODELS.register_module()
class SimpleFeaturePyramid(BaseModule):
    """Feature pyramid of a plain ViT: only its last map is used, resampled by learned deconvolutions and pooling.

    Follows ViTDet (sec. 3; detectron2's ``SimpleFeaturePyramid`` with ``norm='LN'``): each level is resampled, then a
    1x1 and a 3x3 convolution without bias, each with a layer norm over channels. Level sizes are rounded up where a map
    is odd, as MMDet's strides expect; detectron2 rounds down, but pads its images to a square that divides.

    Args:
        in_channels (int): Channels of the backbone's map.
        out_channels (int): Channels of each level. Defaults to 256.
        scales (Sequence[float]): Size of each level over the backbone's map, from large to small, out of 4, 2, 1, 0.5,
            0.25. Defaults to (4, 2, 1, 0.5): strides 4 to 32 with patch size 16.
        num_extra_levels (int): Levels appended, each the last one subsampled by 2. Defaults to 1.
        in_norm_cfg (dict, optional): Norm of the backbone's map before all else. ``dict(type='BN')`` frees a probe of a
            frozen backbone from the scale of its channels and from what all its tokens have in common. Defaults to
            None.
        init_cfg (dict, optional): Weights to load. Defaults to None.

    Raises:
        UserError: A scale is none of those.

    Example:
        >>> import torch
        >>> from mmrice.models import SimpleFeaturePyramid
        >>> [tuple(level.shape[-2:]) for level in SimpleFeaturePyramid(32)((torch.rand(1, 32, 7, 9), ))]
        [(28, 36), (14, 18), (7, 9), (4, 5), (2, 3)]
    """

    def __init__(self,
                 in_channels: int,
                 out_channels: int = 256,
                 scales: Sequence[float] = (4, 2, 1, 0.5),
                 num_extra_levels: int = 1,
                 in_norm_cfg: Optional[dict] = None,
                 init_cfg: Union[dict, None] = None) -> None:
        super().__init__(init_cfg)
        for scale in scales:
            if scale not in SCALES:
                raise UserError(f'{type(self).__name__}: scale {scale} is none of {", ".join(map(str, SCALES))}.')
        self.num_extra_levels = num_extra_levels
        self.in_norm = build_norm_layer(in_norm_cfg, in_channels)[1] if in_norm_cfg else nn.Identity()
        self.levels = nn.ModuleList(
            nn.Sequential(*self._level(in_channels, out_channels, scale)) for scale in scales)

    def _level(self, in_channels: int, out_channels: int, scale: float) -> List[nn.Module]:
        layers, channels = self._resample(in_channels, scale)
        return [*layers, *self._project(channels, out_channels), *self._smooth(out_channels)]

    @staticmethod
    def _resample(in_channels: int, scale: float) -> Tuple[List[nn.Module], int]:
        """Layers that resample a map by ``scale``, and the channels that leave them."""
        half = in_channels // 2
        if scale == 4:
            return [
                nn.ConvTranspose2d(in_channels, half, 2, stride=2),
                LayerNorm2d(half),
                nn.GELU(),
                nn.ConvTranspose2d(half, in_channels // 4, 2, stride=2)
            ], in_channels // 4
        if scale == 2:
            return [nn.ConvTranspose2d(in_channels, half, 2, stride=2)], half
        return [] if scale == 1 else [_pool(round(1 / scale))], in_channels

    @staticmethod
    def _project(in_channels: int, out_channels: int) -> List[nn.Module]:
        return [nn.Conv2d(in_channels, out_channels, 1, bias=False), LayerNorm2d(out_channels)]

    @staticmethod
    def _smooth(channels: int) -> List[nn.Module]:
        return [nn.Conv2d(channels, channels, 3, padding=1, bias=False), LayerNorm2d(channels)]

    def forward(self, inputs: Tuple[Tensor, ...]) -> Tuple[Tensor, ...]:
        """Build the pyramid.

        Args:
            inputs: Maps of the backbone; the last one is used, shape (B, C, h, w).

        Returns:
            tuple: One map a level, from high to low resolution, each (B, out_channels, h * scale, w * scale) rounded
            up, float32.
        """
        inputs = self.in_norm(inputs[-1])
        outputs = [level(inputs) for level in self.levels]
        for _ in range(self.num_extra_levels):
            outputs.append(F.max_pool2d(outputs[-1], 1, stride=2))
        return tuple(outputs)


@MODELS.register_module()
class PoolFeaturePyramid(SimpleFeaturePyramid):
    """Feature pyramid of the RICE paper's frozen-backbone probe: max-pooling and unpooling at 0.25 to 4 times.

    Nothing learned resamples the map, so that the levels show what the backbone knows. The paper (detection probe,
    Table 3) does not say which unpooling. Here, it repeats each value over its cell: there are no indices of a
    max-pool to unpool with. Shrinking is one max-pool of stride 2 or 4. The 1x1 and 3x3 convolutions with layer
    norms of :class:`SimpleFeaturePyramid` stay, since heads need ``out_channels``; the paper does not mention them.

    Args:
        in_channels (int): Channels of the backbone's map.
        out_channels (int): Channels of each level. Defaults to 256.
        scales (Sequence[float]): As in :class:`SimpleFeaturePyramid`. Defaults to (4, 2, 1, 0.5, 0.25): strides 4 to 64
            with patch size 16.
        num_extra_levels (int): Levels appended, each the last one subsampled by 2. Defaults to 0.
        in_norm_cfg (dict, optional): As in :class:`SimpleFeaturePyramid`. Defaults to None.
        init_cfg (dict, optional): Weights to load. Defaults to None.

    Raises:
        UserError: A scale is none of those.
    """

    def __init__(self,
                 in_channels: int,
                 out_channels: int = 256,
                 scales: Sequence[float] = SCALES,
                 num_extra_levels: int = 0,
                 in_norm_cfg: Optional[dict] = None,
                 init_cfg: Union[dict, None] = None) -> None:
        super().__init__(in_channels, out_channels, scales, num_extra_levels, in_norm_cfg, init_cfg)

    def _level(self, in_channels: int, out_channels: int, scale: float) -> List[nn.Module]:
        project, smooth = self._project(in_channels, out_channels), self._smooth(out_channels)
        if scale > 1:  # the projection looks at one cell at a time: the same before the repetition, and cheaper
            return [*project, nn.Upsample(scale_factor=scale, mode='nearest'), *smooth]
        return [*([] if scale == 1 else [_pool(round(1 / scale))]), *project, *smooth]
