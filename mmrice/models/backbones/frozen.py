"""FrozenBackbone: any backbone as a fixed feature extractor."""
from typing import Any, Optional, Tuple

import torch
from mmengine.model import BaseModule
from torch import Tensor

from mmrice.registry import MODELS

from .feature_cache import FeatureCache


@MODELS.register_module()
class FrozenBackbone(BaseModule):
    """Keep a backbone as it was pretrained, for probes: no gradients, no activations kept, always in evaluation mode.

    Args:
        backbone (dict): Config of the backbone, its ``init_cfg`` included.
        cache_dir (str, optional): Folder where the features of each image are kept, so that the next pass over the data
            reads them. Useful where the pipeline has no random part: features belong to the exact pixels that enter the
            backbone, and other pixels are other entries. Defaults to None, no cache.
        cache_dtype (str): In which features are kept on disk, 'float16', 'bfloat16' or 'float32'. Defaults to
            'float16'; features read again are rounded to it.
        out_type (str, optional): Replaces the backbone's own, so that one description of an encoder serves dense probes
            ('featmap') and probes of whole images ('cls_token'). Defaults to None.
        init_cfg (dict, optional): Not used; the inner backbone has its own. Defaults to None.

    Example:
        >>> model = dict(backbone=dict(type='mmrice.FrozenBackbone', backbone=dict(type='mmrice.RICEViT', arch='base')))
    """

    def __init__(self, backbone: dict, cache_dir: Optional[str] = None, cache_dtype: str = 'float16',
                 out_type: Optional[str] = None, init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        if out_type is not None:
            backbone = {**backbone, 'out_type': out_type}
        self.backbone = MODELS.build(backbone).requires_grad_(False)
        outputs = repr(sorted((name, value) for name, value in backbone.items() if name != 'init_cfg'))
        self.cache = None if cache_dir is None else FeatureCache(cache_dir, cache_dtype, outputs)
        self.train(False)

    @property
    def patch_size(self) -> int:
        """The inner backbone's, which a pretrainer of regions asks for."""
        return self.backbone.patch_size

    def train(self, mode: bool = True) -> 'FrozenBackbone':
        """Note the mode; the inner backbone stays in evaluation mode."""
        super().train(mode)
        self.backbone.eval()
        return self

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tuple[Tensor, ...]:
        """The features of the inner backbone.

        Args:
            x: shape (B, 3, H, W).

        Returns:
            tuple: As the inner backbone's, without gradients.
        """
        outputs = self._features(x) if self.cache is None else self.cache.fetch(self.backbone, x, self._features)
        return tuple(outputs)

    def _features(self, x: Tensor) -> Tuple[Tensor, ...]:
        outputs: Any = self.backbone(x)
        return outputs if isinstance(outputs, (tuple, list)) else (outputs, )
