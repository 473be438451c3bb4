"""Complete a config of any host for testing: test-time augmentation, pictures, predictions to keep."""
import os.path as osp
from copy import deepcopy
from typing import Any, Dict

import numpy as np
import torch
from mmengine.config import Config, ConfigDict
from mmengine.runner import Runner

from mmrice.utils import UserError

# without prefixes: mmdet registers its model in mmengine's root
_TTA_MODELS = {
    'mmpretrain': dict(type='AverageClsScoreTTA'),
    'mmdet': dict(type='DetTTAModel', tta_cfg=dict(nms=dict(type='nms', iou_threshold=0.5), max_per_img=100)),
    'mmseg': dict(type='SegTTAModel'),
}
_DET_META = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'flip', 'flip_direction')


def tests_an_encoder(cfg: Config) -> bool:
    """Whether the checkpoint is the backbone's alone, in any format, see :class:`mmrice.EncoderCheckpointHook`."""
    return any(hook.get('type') == 'mmrice.EncoderCheckpointHook' for hook in cfg.get('custom_hooks') or [])


def set_tta(cfg: Config) -> None:
    """Switch to the config's test-time augmentation, else to horizontal flips.

    Args:
        cfg: ``model`` and the pipeline of ``test_dataloader`` are changed in place.

    Raises:
        UserError: The config has no test-time augmentation, and none is known for its scope.
    """
    scope = cfg.get('default_scope')
    if 'tta_model' not in cfg:
        if scope not in _TTA_MODELS:
            raise UserError(f'--tta: the config has no tta_model, and there is no default for default_scope={scope!r}.')
        cfg.tta_model = ConfigDict(_TTA_MODELS[scope])
    dataset = cfg.test_dataloader.dataset
    while 'pipeline' not in dataset and 'dataset' in dataset:
        dataset = dataset.dataset
    if 'tta_pipeline' not in cfg:
        cfg.tta_pipeline = _flips(dataset.pipeline, scope)
    dataset.pipeline = cfg.tta_pipeline
    cfg.model = ConfigDict(**cfg.tta_model, module=cfg.model)


def _flips(pipeline: list, scope: str) -> list:
    """A pipeline whose packing is preceded by both flips; annotations are loaded before them."""
    *before, pack = deepcopy(list(pipeline))
    if scope == 'mmdet':
        pack['meta_keys'] = _DET_META
    flips = [dict(type='RandomFlip', prob=1., direction='horizontal'), dict(type='RandomFlip', prob=0.)]
    annotations = [step for step in before if step['type'].endswith('LoadAnnotations')]
    before = [step for step in before if step not in annotations]
    transforms = [flips, annotations, [pack]] if annotations else [flips, [pack]]
    return [*before, dict(type='TestTimeAug', transforms=transforms)]


def set_show_dir(cfg: Config, show_dir: str) -> None:
    """Let the host's visualization hook paint every test image into a folder.

    Args:
        cfg: Its hooks are changed in place.
        show_dir: The folder.

    Raises:
        UserError: The config has no visualization hook.
    """
    hook = (cfg.get('default_hooks') or {}).get('visualization')
    if hook is None:
        raise UserError('--show-dir: the config has no default_hooks.visualization.')
    show_dir = osp.abspath(show_dir)
    kind = hook.type.rpartition('.')[2]
    if kind == 'DetVisualizationHook':
        hook.update(draw=True, test_out_dir=show_dir)
    elif kind == 'SegVisualizationHook':
        hook.update(draw=True, interval=1)
        cfg.visualizer.save_dir = show_dir
    elif cfg.model.get('module'):
        raise UserError('--show-dir with --tta: the visualization hook of MMPretrain cannot paint augmented images. '
                        'Give one of the two.')
    else:
        hook.update(enable=True, out_dir=show_dir, interval=1)


def keep_predictions(runner: Runner, out: str) -> None:
    """Let the evaluator write all predictions to a pickle.

    Args:
        runner: Before testing.
        out: A .pkl file.
    """
    if runner.cfg.get('default_scope') == 'mmdet':
        from mmdet.evaluation import DumpDetResults as Dump
    else:
        from mmengine.evaluator import DumpResults as Dump
    runner.test_evaluator.metrics.append(Dump(out_file_path=out))


def to_json(metrics: Dict[str, Any]) -> Dict[str, Any]:
    """Metrics as JSON can hold them.

    Args:
        metrics: As a test loop returns them.

    Returns:
        dict: Numbers, strings and lists; not-a-number is None.
    """

    def convert(value: Any) -> Any:
        if isinstance(value, (torch.Tensor, np.ndarray, np.generic)):
            value = value.tolist()
        if isinstance(value, dict):
            return {str(key): convert(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [convert(item) for item in value]
        if isinstance(value, float) and not np.isfinite(value):
            return None
        return value if isinstance(value, (bool, int, float, str, type(None))) else str(value)

    return convert(metrics)
