"""Classification, on MMPretrain's inferencer."""
from typing import Any, Callable, Dict

import numpy as np
from mmengine.config import Config
from mmengine.registry import MODELS
from mmpretrain.apis import ImageClassificationInferencer
from mmpretrain.visualization import UniversalVisualizer
from torch import nn

from .base import Inferencer
from .records import Record, score_records


class ClassificationInferencer(Inferencer):
    """The best classes of an image by a classifier of MMPretrain.

    Args:
        config, checkpoint, device, options: See :class:`~.base.Inferencer`.
    """
    scope = 'mmpretrain'

    def build(self, cfg: Config, load: Callable[[nn.Module], Dict[str, Any]],
              device: str) -> ImageClassificationInferencer:
        """Build the host's inferencer."""
        cfg.model.setdefault('data_preprocessor', cfg.get('data_preprocessor'))
        model = MODELS.build(cfg.model)
        model._dataset_meta = load(model)
        model._config = cfg
        host = ImageClassificationInferencer(model, pretrained=None, device=device)
        host.visualizer = UniversalVisualizer()
        return host

    def predict(self, image: Any) -> Any:
        """The ``DataSample`` of an image."""
        data, = self.host.preprocess([image])
        return self.host.forward(data)[0].cpu()

    def record(self, sample: Any, score_thr: float) -> Record:
        """``classes``: the five best."""
        return dict(classes=score_records(sample.pred_score.numpy(), self.host.classes))

    def draw(self, image: np.ndarray, sample: Any, score_thr: float) -> np.ndarray:
        """Paint it with the host's visualizer."""
        self.host.visualizer.visualize_cls(image, sample, classes=self.host.classes, draw_gt=False)
        return self.host.visualizer.get_image()
