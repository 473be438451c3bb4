"""Automatic mask generation: what proposers with a point-prompted model share."""
from typing import Any, Dict, Iterator, Optional, Tuple

import numpy as np

from mmrice.utils import UserError

from ..local_sam import Encoded
from .base import Proposals, Proposer, shrink_image


class PointGridProposer(Proposer):
    """Base of proposers that ask a model for the masks at a grid of points; boxes are the extents of the masks.

    The score of a box is the IoU that the model predicts for its mask. The image encoder runs once for the image and
    once for each crop. Defaults are those of Segment Anything's generator (SAM2's: ``pred_iou_thresh=0.8``).

    Args:
        points_per_side: The grid has the square of this many points.
        points_per_batch: Points that the mask decoder takes at once; SAM's and SAM2's take some 40 MB for each.
        pred_iou_thresh: Masks must have a higher predicted IoU.
        stability_score_thresh: Masks must be at least this stable, see
            :func:`~mmrice.data_engine.masks.stability_score`.
        stability_score_offset: Of the two thresholds of the stability score, in logits.
        crops_n_layers: Layers of crops on which the grid is repeated: 1 adds 4 crops, 2 adds 16 more, ...
        crop_overlap_ratio: See :func:`~mmrice.data_engine.masks.crop_boxes`.
        crop_n_points_downscale_factor: ``points_per_side`` is divided by this at each layer.
        max_edge: The image is made this small (longer edge, px) first, and boxes are exact to one of its pixels. Masks
            cost time and memory at this size. The models see no more than 1024 px, so more serves only crops. None
            keeps the size.
        device: 'cpu'; 'cuda': with several workers, worker i takes GPU i modulo their number; or one GPU, 'cuda:1'.
        num_threads: Of the model on a CPU, in each worker. Part of the config: with another number of threads sums may
            differ in the last bit, and a build must not depend on how many workers it has.
        **kwargs: See :class:`~mmrice.data_engine.proposers.base.Proposer`.
    """

    def __init__(self, points_per_side: int = 32, points_per_batch: int = 64, pred_iou_thresh: float = 0.88,
                 stability_score_thresh: float = 0.95, stability_score_offset: float = 1, crops_n_layers: int = 0,
                 crop_overlap_ratio: float = 512 / 1500, crop_n_points_downscale_factor: int = 1,
                 max_edge: Optional[int] = 1024, device: str = 'cpu', num_threads: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name, value, least in (
                ('points_per_side', points_per_side, 1), ('points_per_batch', points_per_batch, 1),
                ('crops_n_layers', crops_n_layers, 0), ('max_edge', 2 if max_edge is None else max_edge, 2),
                ('crop_n_points_downscale_factor', crop_n_points_downscale_factor, 1), ('num_threads', num_threads, 1)):
            if not isinstance(value, int) or value < least:
                raise UserError(f'engine.propose.{name} is {value!r}, expected a whole number, {least} or more.')
        self.points_per_side, self.points_per_batch = points_per_side, points_per_batch
        self.pred_iou_thresh, self.stability_score_thresh = pred_iou_thresh, stability_score_thresh
        self.stability_score_offset, self.max_edge = stability_score_offset, max_edge
        self.crops_n_layers, self.crop_overlap_ratio = crops_n_layers, crop_overlap_ratio
        self.crop_n_points_downscale_factor = crop_n_points_downscale_factor
        self.device, self.num_threads = device, num_threads

    def worker_device(self) -> Any:
        """The ``torch.device`` of this process.

        Raises:
            UserError: There is no such device.
        """
        from ..encoders.devices import worker_device
        return worker_device(self.device, 'engine.propose')

    def encode(self, image: np.ndarray) -> Encoded:
        """Run the image encoder on an RGB image, uint8, shape (H, W, 3)."""
        raise NotImplementedError

    def decode(self, encoded: Encoded, points_P2: np.ndarray) -> Tuple[Any, Any]:
        """Run the mask decoder.

        Args:
            encoded: What :meth:`encode` gave.
            points_P2: x y, px of the model's input.

        Returns:
            tuple: N masks a point as coarse logits on the model's input, Tensor of shape (P, N, h, w), and their
            predicted IoU, Tensor of shape (P, N).
        """
        raise NotImplementedError

    def candidates(self, image: np.ndarray, record: Dict[str, Any]) -> Proposals:
        """Boxes of all good masks, px of ``image``."""
        from ..encoders.devices import inference
        with inference(self.num_threads):
            return self._candidates(image)

    def _candidates(self, image: np.ndarray) -> Proposals:
        from ..masks import crop_boxes, near_crop_edge
        small, back = shrink_image(image, self.max_edge)
        size = small.shape[:2]
        boxes, scores = [np.zeros((0, 4), np.float32)], [np.zeros(0, np.float32)]
        for layer, crop in crop_boxes(size, self.crops_n_layers, self.crop_overlap_ratio):
            x1, y1, x2, y2 = crop
            per_side = max(1, self.points_per_side // self.crop_n_points_downscale_factor**layer)
            for found, ious in self._masks(np.ascontiguousarray(small[y1:y2, x1:x2]), per_side):
                placed = found + np.array([x1, y1, x1, y1], np.float32)
                whole = ~near_crop_edge(placed, crop, size)
                boxes.append(placed[whole])
                scores.append(ious[whole])
        return Proposals(np.concatenate(boxes) * back, np.concatenate(scores))

    def _masks(self, image: np.ndarray, points_per_side: int) -> Iterator[Tuple[np.ndarray, np.ndarray]]:
        """Yield boxes and scores of the good masks of each batch of points, px of ``image``."""
        from ..masks import object_masks, point_grid, stable_boxes
        encoded = self.encode(image)
        points = point_grid(points_per_side) * encoded.content[::-1]
        for start in range(0, len(points), self.points_per_batch):
            logits, ious = object_masks(*self.decode(encoded, points[start:start + self.points_per_batch]))
            sure = ious > self.pred_iou_thresh
            kept, boxes = stable_boxes(logits[sure], encoded.size, encoded.frame, encoded.content,
                                       self.stability_score_thresh, offset=self.stability_score_offset)
            yield boxes, ious[sure].float().cpu().numpy()[kept]
