"""RegionKNN: the weighted kNN probe of regions."""
from typing import Any, List, NamedTuple, Optional, Tuple

import torch
import torch.nn.functional as F
from mmdet.models.detectors.base import BaseDetector
from mmdet.structures import DetDataSample
from mmengine.runner import Runner
from mmengine.structures import InstanceData
from torch import Tensor
from torch.utils.data import SequentialSampler

from mmrice.evaluation.neighbours import nearest, vote
from mmrice.registry import DATASETS, MODELS
from mmrice.utils import UserError

from ..layers import region_token_mask
from ..region_text.base import boxes_of, grid_of


class RegionBank(NamedTuple):
    """Regions of known class.

    Args:
        features: Unit vectors, float32, shape (N, D).
        labels: int64, shape (N,).
        num_classes: Of the data set.
    """
    features: Tensor
    labels: Tensor
    num_classes: int


@MODELS.register_module()
class RegionKNN(BaseDetector):
    """What a given box shows, by the boxes of a bank that are most like it; nothing is trained.

    kNN of regions instead of images: k = 20 neighbours vote with exp(cosine / 0.07), DINO's choice for images; papers
    on regions state no such probe. Without ``neck`` a region is the mean of the patch tokens whose centres lie in its
    box (the nearest one where there is none), so that encoders with and without a pooling of their own can be compared;
    with it, what the pretraining has learned to pool is measured.

    Samples get ``pred_regions`` with the ``labels`` of their boxes, the votes as ``scores`` (K, C), for
    :class:`mmrice.RegionRecognition`, and the classes of the nearest as ``neighbours`` (K, k), for
    :class:`mmrice.NeighbourPurity`. Boxes are in pixels of the stored image, as in MMDetection's test pipelines:
    ``LoadAnnotations`` stands behind whatever resizes. With several processes each computes the whole bank.

    Args:
        backbone (dict): Any of :class:`mmrice.RICEViT`'s kind.
        prototype (dict): Loader of the bank: labelled boxes, prepared as those of the test.
        neck (dict, optional): Pools regions: tokens, grid and boxes in, one vector a box out. Defaults to None.
        k (int): Neighbours that vote. Defaults to 20.
        temperature (float): Of the weights. Defaults to 0.07.
        data_preprocessor (dict, optional): Defaults to None.
        init_cfg (dict, optional): Not used; the backbone has its own. Defaults to None.

    Raises:
        UserError: ``k`` or ``temperature`` is not above 0, or the bank has no box.
    """

    def __init__(self, backbone: dict, prototype: dict, neck: Optional[dict] = None, k: int = 20,
                 temperature: float = 0.07, data_preprocessor: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(data_preprocessor, init_cfg)
        if k < 1 or temperature <= 0:
            raise UserError(f'RegionKNN: k={k} and temperature={temperature} must be above 0.')
        self.backbone = MODELS.build({**backbone, 'out_type': 'raw'})
        self.neck = None if neck is None else MODELS.build(neck)
        self.prototype, self.k, self.temperature = prototype, k, temperature
        self.bank: Optional[RegionBank] = None

    def loss(self, batch_inputs: Tensor, batch_data_samples: List[DetDataSample]) -> dict:
        """Not there.

        Raises:
            UserError: Always.
        """
        raise UserError('RegionKNN has nothing to train. Test it: tools/test.py CONFIG CHECKPOINT.')

    def _forward(self, batch_inputs: Tensor, batch_data_samples: Any = None) -> Tensor:
        """Tokens of images."""
        return self.extract_feat(batch_inputs)

    def extract_feat(self, batch_inputs: Tensor) -> Tensor:
        """Tokens of images (B, 3, H, W): class token and patch tokens, shape (B, 1 + L, C)."""
        return self.backbone(batch_inputs)[-1]

    def embed_regions(self, inputs: Tensor, boxes: List[Tensor]) -> Tensor:
        """Unit vectors of regions.

        Args:
            inputs: Images, shape (B, 3, H, W).
            boxes: Per image, xyxy in pixels of the input, shape (K_i, 4).

        Returns:
            Tensor: float32, shape (sum of K_i, D).
        """
        tokens = self.extract_feat(inputs)
        grid = grid_of(inputs, tokens)
        if self.neck is not None:
            return F.normalize(self.neck(tokens, grid, boxes).float(), dim=1)
        patch_size = inputs.shape[-1] // grid[1]
        masks = [region_token_mask(own, grid, patch_size).float() for own in boxes]
        pooled = [mask @ patches.float() for mask, patches in zip(masks, tokens[:, 1:])]
        return F.normalize(torch.cat(pooled), dim=1)  # of a sum as of a mean

    def prepare_bank(self) -> RegionBank:
        """Embed the boxes of the bank.

        Raises:
            UserError: There is none.
        """
        dataset = DATASETS.build(self.prototype['dataset'])
        loader = Runner.build_dataloader({**self.prototype, 'dataset': dataset, 'sampler': SequentialSampler(dataset)})
        parts: List[Tuple[Tensor, Tensor]] = []
        for batch in loader:
            data = self.data_preprocessor(batch)
            samples = data['data_samples']
            parts.append((self.embed_regions(data['inputs'], [boxes_of(sample) for sample in samples]),
                          torch.cat([sample.gt_instances.labels for sample in samples])))
        features, labels = (torch.cat(part) for part in zip(*parts))
        if not len(labels):
            raise UserError('RegionKNN: no image of model.prototype has a box.')
        return RegionBank(features, labels, len(dataset.metainfo['classes']))

    def predict(self, batch_inputs: Tensor, batch_data_samples: List[DetDataSample]) -> List[DetDataSample]:
        """Set ``pred_regions`` of samples with ``gt_instances``."""
        self.bank = self.bank or self.prepare_bank()
        boxes = [boxes_of(sample) for sample in batch_data_samples]
        regions = self.embed_regions(batch_inputs, boxes)
        with torch.autocast(regions.device.type, enabled=False):
            cosines, rows = nearest(regions, self.bank.features, self.k)
        neighbours = self.bank.labels[rows]
        scores = vote(cosines, neighbours, self.bank.num_classes, self.temperature)
        counts = list(map(len, boxes))
        for sample, score, own in zip(batch_data_samples, scores.split(counts), neighbours.split(counts)):
            sample.pred_regions = InstanceData(labels=sample.gt_instances.labels, scores=score, neighbours=own)
        return batch_data_samples
