"""Detection, instance and panoptic segmentation, on MMDetection's inferencer."""
from typing import Any, Callable, Dict

import numpy as np
from mmdet.apis import DetInferencer
from mmdet.evaluation import INSTANCE_OFFSET
from mmdet.structures.mask import mask2bbox
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from torch import nn

from .base import Inferencer
from .records import Record, instance_records, segment_records


class _Host(DetInferencer):
    """MMDetection's inferencer with weights that are checked."""

    def __init__(self, cfg: Config, load: Callable[[nn.Module], Dict[str, Any]], device: str) -> None:
        self._load = load
        super().__init__(model=cfg, device=device, show_progress=False)

    def _load_weights_to_model(self, model: nn.Module, checkpoint: Any, cfg: Any) -> None:
        model.dataset_meta = self._load(model)
        del self._load  # and the checkpoint that it holds
        model.dataset_meta['palette'] = model.dataset_meta['palette'] or 'random'

    def _init_collate(self, cfg: Any) -> Callable:  # mmengine's logs that FUNCTIONS has no such scope
        return pseudo_collate


class DetectionInferencer(Inferencer):
    """Boxes, masks and panoptic segments by a model of MMDetection.

    Args:
        config, checkpoint, device, options: See :class:`~.base.Inferencer`.

    Example:
        >>> from mmrice.apis import DetectionInferencer
        >>> inferencer = DetectionInferencer('configs/quick/faster-rcnn_rice-vit-tiny_mini-trees.py', 'latest.pth')
        >>> inferencer('photo.jpg', score_thr=0.5)['instances'][0]
        {'label': 0, 'name': 'tree', 'score': 0.71, 'box': [12.5, 80.1, 60.0, 121.9]}
    """
    scope = 'mmdet'

    def build(self, cfg: Config, load: Callable[[nn.Module], Dict[str, Any]], device: str) -> _Host:
        """Build the host's inferencer."""
        if cfg.get('visualizer') is None:
            cfg.visualizer = dict(type='DetLocalVisualizer', vis_backends=[])
        return _Host(cfg, load, device)

    def predict(self, image: Any) -> Any:
        """The ``DetDataSample`` of an image."""
        (_, data), = self.host.preprocess([image])
        return self.host.forward(data)[0].cpu()

    def record(self, sample: Any, score_thr: float) -> Record:
        """``instances``, ``segments``, or both, as the model has them."""
        names, found = self.host.model.dataset_meta['classes'], {}
        if 'pred_instances' in sample:
            kept = sample.pred_instances[sample.pred_instances.scores >= score_thr]
            masks = kept.get('masks')
            boxes = kept.bboxes
            if masks is not None and len(kept) and not boxes.any():  # of models that find masks alone, such as SOLO
                boxes = mask2bbox(masks)
            found['instances'] = instance_records(boxes.numpy(), kept.scores.numpy(), kept.labels.numpy(), names,
                                                  None if masks is None else np.asarray(masks))
        if 'pred_panoptic_seg' in sample:
            head = self.host.model.panoptic_fusion_head
            found['segments'] = segment_records(sample.pred_panoptic_seg.sem_seg[0].numpy(), INSTANCE_OFFSET,
                                                head.num_things_classes, head.num_classes, names)
        return found

    def draw(self, image: np.ndarray, sample: Any, score_thr: float) -> np.ndarray:
        """Paint it with the host's visualizer."""
        shown = sample.clone()
        if 'pred_instances' in shown:
            shown.pred_instances = shown.pred_instances[shown.pred_instances.scores >= score_thr]
        self.host.visualizer.add_datasample('image', image, shown, draw_gt=False, pred_score_thr=-1.)
        return self.host.visualizer.get_image()


PanopticInferencer = DetectionInferencer
