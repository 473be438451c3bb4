"""Run a trained model of a work directory on images of its test set."""
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DATASETS, MODELS, DefaultScope
from PIL import Image

from mmrice.engine.checkpoint_io import read_checkpoint
from mmrice.engine.load_report import find_state_dict
from mmrice.utils import UserError


@dataclass(frozen=True)
class Example:
    """An image of a test set with its annotation and a prediction.

    Attributes:
        image: RGB, uint8, shape (H, W, 3).
        truth: Annotation: (boxes (K, 4) xyxy pixels, labels (K,)) or a label map (H, W).
        prediction: (boxes, labels, scores) or a label map.
    """
    image: np.ndarray
    truth: Any
    prediction: Any


def saved_config(work_dir: Path) -> Config:
    """The config that a training run saved.

    Raises:
        UserError: There is none.
    """
    paths = sorted(Path(work_dir).glob('*.py'))
    if not paths:
        raise UserError(f'{work_dir}: holds no config of a training run. Make one with tools/train.py --work-dir '
                        f'{work_dir}.')
    return Config.fromfile(paths[-1])


def run_on_examples(work_dir: Path, count: int) -> Tuple[List[Example], Dict[str, Any]]:
    """Predict images that are evenly spaced over the test set.

    Args:
        work_dir: Of a training run: its saved config and ``latest.pth``.
        count: Number of images.

    Returns:
        tuple: The examples, and the dataset's metainfo (``classes``, ``palette``).

    Raises:
        UserError: The run, its checkpoint or its data are missing, or they do not fit each other.
    """
    cfg = saved_config(work_dir)
    state = find_state_dict(read_checkpoint(Path(work_dir, 'latest.pth')))
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        dataset = DATASETS.build(cfg.test_dataloader.dataset)
        model = MODELS.build(cfg.model).eval()
        try:
            model.load_state_dict(state)
        except RuntimeError as error:
            raise UserError(f'{work_dir}: latest.pth does not fit the saved config: {error}') from error
        examples = []
        for index in np.linspace(0, len(dataset) - 1, count).round().astype(int).tolist():
            info = dataset.get_data_info(index)
            with torch.no_grad():
                sample = model.test_step(pseudo_collate([dataset[index]]))[0]
            image = np.asarray(Image.open(info['img_path']).convert('RGB'))
            examples.append(Example(image, _truth(info), _prediction(sample)))
    return examples, dict(dataset.metainfo)


def _truth(info: dict) -> Any:
    if 'instances' not in info:
        return np.asarray(Image.open(info['seg_map_path']))
    kept = [one for one in info['instances'] if not one.get('ignore_flag')]
    boxes = np.array([one['bbox'] for one in kept], dtype=np.float32).reshape(-1, 4)
    return boxes, np.array([one['bbox_label'] for one in kept], dtype=np.int64)


def _prediction(sample: Any) -> Any:
    if 'pred_sem_seg' in sample:
        return sample.pred_sem_seg.data[0].cpu().numpy()
    found = sample.pred_instances.cpu()
    return found.bboxes.numpy(), found.labels.numpy(), found.scores.numpy()
