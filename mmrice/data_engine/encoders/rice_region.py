"""A RICEViT as encoder: one pass an image, all its regions out."""
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Union

import numpy as np

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from .crops import normalise
from .files import digests, existing, model_files
from .network_input import Prepared, fit
from .recipe import find_resize, read_recipe
from .region_network import build_neck, load_vit
from .region_pooling import mean_tokens, roi_align_tokens
from .torch_encoder import TorchEncoder, to_input

POOLS = ('region_transformer', 'roi_align', 'mean')


@ENGINE_STAGES.register_module()
class RICERegionEncoder(TorchEncoder):
    """A backbone that mmrice trained, with all regions of an image out of one pass; for the second round of a build.

    The image is resized as in training, its boxes with it. What the checkpoint says (``meta``) is the default of the
    options: size, mean, standard deviation and order of the channels.

    Args:
        checkpoint: Of RICE or MLCD pretraining, a converted one, or a folder in Hugging Face's format (MLCD).
        pool: How tokens become the embedding of a region. 'region_transformer': the neck that RICE was trained with;
            'roi_align': mean of 7 x 7 bilinear samples of the patch tokens; 'mean': mean of the patch tokens whose
            centre lies inside. The last two need a backbone only.
        input_size: Width and height of the network's input, px, or one number for both; multiples of the patch.
        pad_val: Keep the aspect of the image and fill up with this grey, as ``mmrice.RegionLetterbox`` does; None warps
            it to ``input_size``, unless training had a letterbox.
        mean: Of the channels, 0..255, in the order of the checkpoint.
        std: Of the channels, likewise.
        batch_size: Images a pass.
        **kwargs: Of :class:`~.torch_encoder.TorchEncoder`: ``device``, ``dtype``, ``num_threads``.

    Example:
        >>> embed = dict(type='mmrice.RICERegionEncoder', checkpoint='work_dirs/rice_vit-tiny_mini/latest.pth')
    """
    batch_of = 'images'

    def __init__(self, checkpoint: str, pool: str = 'region_transformer',
                 input_size: Optional[Union[int, Sequence[int]]] = None, pad_val: Optional[int] = None,
                 mean: Optional[Sequence[float]] = None, std: Optional[Sequence[float]] = None, batch_size: int = 16,
                 **kwargs: Any) -> None:
        super().__init__(batch_size, **kwargs)
        if pool not in POOLS:
            raise UserError(f'engine.embed.pool is {pool!r}, expected {", ".join(POOLS)}.')
        self.checkpoint, self.pool, self.pad_val = checkpoint, pool, pad_val
        self.input_size = input_size
        self.mean, self.std, self._bgr = mean, std, False

    def fingerprint(self) -> List[str]:
        """Contents of the checkpoint."""
        folder = Path(self.checkpoint).is_dir()
        path = existing(self.checkpoint, folder)
        return digests(model_files(path) if folder else [path])

    def build(self) -> Any:
        """Build the backbone and, for 'region_transformer', the neck.

        Raises:
            UserError: There is no RICEViT in the checkpoint, or no neck, or nobody says the size or the mean.
        """
        from torch import nn

        from mmrice.engine.weights import read_source
        existing(self.checkpoint, Path(self.checkpoint).is_dir())
        backbone, found = load_vit(self.checkpoint)
        source = read_source(self.checkpoint)
        recipe = read_recipe(str(source.meta.get('cfg', '')))
        self._describe(found.preprocess or {}, recipe, backbone.patch_size)
        parts = dict(backbone=backbone)
        if self.pool == 'region_transformer':
            parts['neck'] = build_neck(source, recipe, backbone)
            if parts['neck'] is None:
                raise UserError(f"{source.name}: has no RegionTransformer. Set engine.embed.pool to 'roi_align' or "
                                "'mean', or take a checkpoint of RICE pretraining.")
        return nn.ModuleDict(parts)

    def _describe(self, preprocess: Dict[str, Any], recipe: Dict[str, Any], patch_size: int) -> None:
        """Fill in size, mean, standard deviation and order of the channels."""
        trained = find_resize(recipe)
        size = self.input_size or (trained.size if trained else preprocess.get('image_size'))
        if self.pad_val is None and trained:
            self.pad_val = trained.pad_val
        self.input_size = (size, size) if isinstance(size, int) else size and tuple(size)
        self.mean, self.std = (getattr(self, name) or preprocess.get(name) for name in ('mean', 'std'))
        self._bgr = preprocess.get('order') == 'BGR'
        for name in ('input_size', 'mean', 'std'):
            if getattr(self, name) is None:
                raise UserError(f'{self.checkpoint}: does not say the {name} of its training. Set engine.embed.{name}.')
        if any(side % patch_size for side in self.input_size):
            raise UserError(f'engine.embed.input_size is {self.input_size}, expected multiples of the patch of '
                            f'{self.checkpoint}, {patch_size} px.')

    def prepare(self, image: np.ndarray, boxes_K4: np.ndarray) -> Prepared:
        """Resize one image and its boxes to the network's input."""
        self.load()  # knows the size
        return fit(image, boxes_K4, self.input_size, self.pad_val)

    def embed(self, prepared: List[Prepared]) -> np.ndarray:
        """Embed the regions of some images in one pass; see :meth:`Encoder.embed`."""
        import torch
        with self.running() as device:
            inputs = self.to_input(prepared, device)
            boxes = [torch.from_numpy(one.boxes).to(device) for one in prepared]
            features = self.features(inputs, boxes)
            return normalise(features.float().cpu().numpy())

    def to_input(self, prepared: Sequence[Prepared], device: Any) -> Any:
        """Normalised images, (B, 3, H, W), float32."""
        images = np.stack([one.image for one in prepared])
        return to_input(np.ascontiguousarray(images[..., ::-1]) if self._bgr else images, self.mean, self.std, device)

    def features(self, inputs: Any, boxes: List[Any]) -> Any:
        """Embed regions, images (B, 3, H, W) and boxes (K_i, 4) in their pixels to (sum of K_i, D)."""
        backbone = self.load()['backbone']
        tokens = backbone(inputs)[-1]
        grid = tuple(side // backbone.patch_size for side in inputs.shape[-2:])
        if self.pool == 'region_transformer':
            return self.load()['neck'](tokens, grid, boxes)
        pool = roi_align_tokens if self.pool == 'roi_align' else mean_tokens
        return pool(tokens[:, 1:].float(), grid, boxes, backbone.patch_size)
