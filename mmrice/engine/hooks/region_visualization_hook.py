"""RegionVisualizationHook: training images with their regions, clusters and words, as the model sees them."""
import json
from pathlib import Path
from typing import Any, List, Optional, Sequence

import numpy as np
import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import Tensor, nn

from mmrice.registry import HOOKS
from mmrice.structures import KINDS
from mmrice.utils import UserError
from mmrice.visualization import draw_regions, label_color, region_captions
from mmrice.visualization.draw_regions import RIGHT, WRONG


@HOOKS.register_module()
class RegionVisualizationHook(Hook):
    """Draw training images with their regions after the first iteration, and then at an interval.

    Pictures go to the runner's visualizer as ``regions_0``, ``regions_1``, ... Each region carries its cluster
    (``#17``), the words that OCR read, or its tags, by the names of ``tag_vocab.json`` beside the region shards; one
    with a phrase or a caption, which reach the model as tokens, has its box alone. With ``show_correct`` the caption is
    green where the nearest own centre beats all negatives, else red.

    Args:
        interval (int): Iterations between pictures. Defaults to 500.
        num_images (int): First images of the batch to be drawn. Defaults to 4.
        show_correct (bool): Run the model, a :class:`mmrice.RICE`, on these images once more to see what it gets right.
            Defaults to False.
        ocr_vocab (str, optional): JSON list of the OCR words. Defaults to None: ``ocr_vocab.json`` beside the region
            shards, or where there is none the indices are shown.
        scale (float): Enlargement of the images. Defaults to 2.

    Raises:
        UserError: Numbers below 1; before training, a missing ``ocr_vocab``, or ``show_correct`` of another model.
    """
    priority = 'LOW'

    def __init__(self,
                 interval: int = 500,
                 num_images: int = 4,
                 show_correct: bool = False,
                 ocr_vocab: Optional[str] = None,
                 scale: float = 2.) -> None:
        if interval < 1 or num_images < 1:
            raise UserError(f'RegionVisualizationHook: interval={interval}, num_images={num_images}, expected 1 or '
                            'more.')
        self.interval = interval
        self.num_images = num_images
        self.show_correct = show_correct
        self.ocr_vocab = ocr_vocab
        self.scale = scale
        self.words: Optional[List[str]] = None
        self.tags: Optional[List[str]] = None

    def before_train(self, runner: Runner) -> None:
        """Read the names, and see that the model can show what it gets right."""
        model = _model_of(runner)
        if self.show_correct and not hasattr(model, 'gather_regions'):
            raise UserError(f'RegionVisualizationHook: show_correct=True, but {type(model).__name__} has no centres of '
                            'its regions to compare with, as mmrice.RICE does. Set show_correct=False.')
        if self.ocr_vocab is not None and not Path(self.ocr_vocab).is_file():
            raise UserError(f'{self.ocr_vocab}: no such file (ocr_vocab of RegionVisualizationHook). '
                            'tools/build_region_data.py writes it beside the shards.')
        root = getattr(runner.train_dataloader.dataset, 'data_root', None)
        words, self.tags = (None if root is None else _read(Path(root, name))
                            for name in ('ocr_vocab.json', 'tag_vocab.json'))
        self.words = words if self.ocr_vocab is None else _read(Path(self.ocr_vocab))

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Optional[dict] = None,
                         outputs: Optional[dict] = None) -> None:
        """Draw, when it is time to."""
        if runner.iter != 0 and not self.every_n_train_iters(runner, self.interval):
            return
        inputs = data_batch['inputs'][:self.num_images]
        samples = data_batch['data_samples'][:self.num_images]
        # On every rank: centres may be split over them.
        correct = self._correct(runner, inputs, samples) if self.show_correct else [None] * len(samples)
        if not is_main_process():
            return
        model = _model_of(runner)
        bgr = getattr(model.data_preprocessor, '_channel_conversion', False)
        for number, (image, sample, right) in enumerate(zip(inputs, samples, correct)):
            pixels = image.permute(1, 2, 0).cpu().numpy()
            picture = self._draw(np.ascontiguousarray(pixels[..., ::-1] if bgr else pixels), sample.gt_regions, right)
            runner.visualizer.add_image(f'regions_{number}', picture, step=runner.iter + 1)

    def _draw(self, image: np.ndarray, regions: Any, right: Optional[Tensor]) -> np.ndarray:
        kinds = [KINDS[kind] for kind in regions.kinds.tolist()]
        labels = regions.labels.tolist()
        colors = [label_color(own[0]) if kind == 'object' else (255, 255, 255) for kind, own in zip(kinds, labels)]
        behind = None if right is None else [RIGHT if one else WRONG for one in right.tolist()]
        captions = region_captions(kinds, labels, None, self.words, self.tags)
        return draw_regions(image, regions.bboxes.cpu().numpy(), captions, colors, behind, self.scale)

    @torch.no_grad()
    def _correct(self, runner: Runner, inputs: Sequence[Tensor], samples: Sequence[Any]) -> List[Tensor]:
        """Whether each region's nearest own centre beats its negatives: for each image, bool, shape (K,)."""
        model = _model_of(runner)
        training = model.training
        model.eval()
        try:
            data = model.data_preprocessor(dict(inputs=list(inputs), data_samples=list(samples)), False)
            regions = model.gather_regions(data['data_samples'])
            found = model.head.correct(model.extract_regions(data['inputs'], regions.boxes), regions.kinds,
                                       regions.labels)
        finally:
            model.train(training)
        return list(found.cpu().split(regions.counts))


def _model_of(runner: Runner) -> nn.Module:
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


def _read(path: Path) -> Optional[List[str]]:
    return json.loads(path.read_text(encoding='utf-8')) if path.is_file() else None
