"""Semantic segmentation, on MMSegmentation's inferencer."""
from typing import Any, Callable, Dict

import numpy as np
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmseg.apis import MMSegInferencer
from torch import nn

from mmrice.visualization import label_color

from .base import Inferencer
from .records import Record, class_records


class _Host(MMSegInferencer):
    """MMSegmentation's inferencer with weights that are checked."""

    def __init__(self, cfg: Config, load: Callable[[nn.Module], Dict[str, Any]], device: str) -> None:
        self._load = load
        super().__init__(model=cfg, device=device, show_progress=False)

    def _load_weights_to_model(self, model: nn.Module, checkpoint: Any, cfg: Any) -> None:
        meta = self._load(model)
        del self._load  # and the checkpoint that it holds
        classes = meta['classes'] or [str(label) for label in range(model.num_classes)]
        palette = meta['palette'] or [label_color(label) for label in range(len(classes))]
        model.dataset_meta = dict(classes=classes, palette=palette)

    def _init_collate(self, cfg: Any) -> Callable:  # mmengine's logs that FUNCTIONS has no such scope
        return pseudo_collate


class SegmentationInferencer(Inferencer):
    """The class of each pixel by a model of MMSegmentation.

    Args:
        config, checkpoint, device, options: See :class:`~.base.Inferencer`.

    Example:
        >>> from mmrice.apis import SegmentationInferencer
        >>> inferencer = SegmentationInferencer('configs/quick/upernet_rice-vit-tiny_mini-scenes.py', 'latest.pth')
        >>> [(one['name'], one['area']) for one in inferencer('photo.jpg')['classes']]
        [('sky', 20412), ('grass', 45124)]
    """
    scope = 'mmseg'

    def build(self, cfg: Config, load: Callable[[nn.Module], Dict[str, Any]], device: str) -> _Host:
        """Build the host's inferencer."""
        if cfg.get('visualizer') is None:
            cfg.visualizer = dict(type='SegLocalVisualizer', vis_backends=[])
        for step in cfg.test_dataloader.dataset.pipeline:  # the host looks for the bare name
            if step['type'].endswith('.LoadImageFromFile'):
                step['type'] = 'LoadImageFromFile'
        host = _Host(cfg, load, device)
        host.visualizer.dataset_meta = host.model.dataset_meta
        return host

    def predict(self, image: Any) -> Any:
        """The ``SegDataSample`` of an image."""
        data, = self.host.preprocess([image])
        return self.host.forward(data)[0].cpu()

    def record(self, sample: Any, score_thr: float) -> Record:
        """``classes``: those in the image, with their masks."""
        return dict(classes=class_records(self.label_map(sample), self.host.model.dataset_meta['classes']))

    @staticmethod
    def label_map(sample: Any) -> np.ndarray:
        """Class indices, shape (H, W)."""
        return sample.pred_sem_seg.data[0].numpy()

    def draw(self, image: np.ndarray, sample: Any, score_thr: float) -> np.ndarray:
        """Paint it with the host's visualizer."""
        self.host.visualizer.add_datasample('image', image, sample, draw_gt=False)
        return self.host.visualizer.get_image()
