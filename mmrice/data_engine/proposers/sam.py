"""Boxes of the masks of a Hugging Face SAM or SAM2."""
from typing import Any, List, Tuple

import numpy as np

from mmrice.registry import ENGINE_STAGES

from ..local_sam import Encoded, LocalSAM
from .point_grid import PointGridProposer


@ENGINE_STAGES.register_module()
class SAMProposer(PointGridProposer):
    """Boxes of the masks that Segment Anything finds everywhere in an image, as the paper has them.

    The model is called directly and not through the pipeline 'mask-generation' of transformers: that one (4.57.6) fails
    with crops, and places the points on SAM2's stretched image as if its aspect were kept.

    Args:
        model: Local directory of a SAM or SAM2 with its image processor, as ``save_pretrained`` writes it.
        dtype: Of the model: 'float32', 'bfloat16', or on a GPU 'float16'.
        **kwargs: Points, thresholds, crops and device of
            :class:`~mmrice.data_engine.proposers.point_grid.PointGridProposer`; sizes, overlap and number of
            :class:`~mmrice.data_engine.proposers.base.Proposer`.

    Example:
        >>> boxes, scores, _ = SAMProposer('weights/sam-vit-base', points_per_side=16)(image, {})
    """

    def __init__(self, model: str, dtype: str = 'float32', **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sam = LocalSAM(model, 'engine.propose.model', self.device, dtype)

    def fingerprint(self) -> List[str]:
        """Contents of the weights and settings."""
        return self.sam.fingerprint()

    def encode(self, image: np.ndarray) -> Encoded:
        """See :meth:`PointGridProposer.encode`."""
        return self.sam.encode(image)

    def decode(self, encoded: Encoded, points_P2: np.ndarray) -> Tuple[Any, Any]:
        """See :meth:`PointGridProposer.decode`."""
        import torch
        points = torch.from_numpy(points_P2).to(self.sam.network.device, torch.float32)[None, :, None]
        labels = torch.ones(points.shape[:3], dtype=torch.int64, device=points.device)
        found = self.sam.network(image_embeddings=encoded.embedding, input_points=points, input_labels=labels,
                              multimask_output=True)
        return found.pred_masks[0], found.iou_scores[0]
