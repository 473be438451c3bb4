"""FLOPs and parameters of the model of a config: which input, which forward pass, which rows.

No weights are loaded and no data is needed: a blank image goes through the host's own preprocessing and
``mode='tensor'``; a RICE pretrainer computes its losses on made-up regions, so that neck and head are counted.
"""
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional

import torch
from mmengine.config import Config
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import MODELS, DefaultScope
from mmengine.structures import InstanceData
from torch import nn

from mmrice.compat import install_hint
from mmrice.utils import UserError
from mmrice.utils.config_scope import config_root
from mmrice.utils.flops import FlopCount, count_flops

from .flops_input import Size, blank_batch, input_shape
from .user_errors import user_errors

_ROI_HEADS = re.compile(r'roi_head\.(bbox|mask)_head(\.\d+)?')


class Report(NamedTuple):
    """What was counted: the rows of the table, and how."""
    rows: List[Dict[str, Any]]
    count: FlopCount
    notes: List[str]


def config_file(path: str) -> str:
    """The file of a config, which may be written as 'mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py'.

    Raises:
        UserError: The package is not installed.
    """
    package, colons, name = path.partition('::')
    if not colons or not package:
        return path
    if package == 'mmrice':
        return str(config_root() / 'configs' / name)
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise UserError(f'{path}: needs {package}, which is not installed. {install_hint(package)}')
    return str(Path(spec.origin).parent / '.mim' / 'configs' / name)


def report_flops(cfg: Config, shape: Optional[Size] = None, batch_size: int = 1, depth: int = 2) -> Report:
    """Build the model of a config and count one forward pass.

    Args:
        cfg: Of any host. Changed in place.
        shape: Height and width of the image in pixels, before padding. Defaults to None, what the config says.
        batch_size: Images. Defaults to 1.
        depth: Levels of the module table. Defaults to 2.

    Returns:
        Report: Rows with 'module', 'parameters', 'flops', 'macs', 'gflops' and 'share' (percent); the first row is the
        whole model.

    Raises:
        UserError: The config names no size, or the model cannot take it.
    """
    shape = shape or input_shape(cfg)
    scope = cfg.get('default_scope') or 'mmengine'
    with DefaultScope.overwrite_default_scope(scope), user_errors():
        model = build_model(cfg)
        batch = blank_batch(model, cfg, shape, batch_size)
        model.train(batch.mode == 'loss').requires_grad_(False)
        notes, rois = _fix_proposals(model), _watch_rois(model)
        try:
            data = model.data_preprocessor(batch.data, model.training)
            inputs = _one_tensor(data['inputs']).float()
            count = count_flops(model, lambda: model(inputs, data['data_samples'], mode=batch.mode))
        except UserError as error:
            raise UserError(f'{cfg.filename}: {error}') from error
        except Exception as error:  # whatever the models of three libraries raise on an input that they cannot take
            reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip('.')
            raise UserError(f'{cfg.filename}: {type(model).__name__} fails on a blank image of {shape[0]} x {shape[1]} '
                            f'pixels: {reason}. Try another --shape; --debug shows where.') from error
    size = ' x '.join(map(str, inputs.shape))
    if inputs.shape[-2:] != shape:
        size += f', {shape[0]} x {shape[1]} padded by the data_preprocessor'
    notes = [f'input: {size}', f'forward pass: {batch.note}', *notes]
    notes += [f'{name}: {number} RoIs' for name, number in rois.items()]
    idle = [name for name, part in model.named_children()
            if next(part.parameters(), None) is not None and not count.below(name)]
    notes += [f'without a counted operation in this pass: {", ".join(idle)}'] if idle else []
    return Report(_rows(model, count, depth), count, notes)


def _one_tensor(inputs: Any) -> torch.Tensor:
    """A stacked batch, images of equal size, or the first of several views."""
    if torch.is_tensor(inputs):
        return inputs
    return inputs[0] if inputs[0].dim() == 4 else torch.stack(inputs)


def build_model(cfg: Config) -> nn.Module:
    """The model of a config with random weights; whatever would load weights is dropped.

    Args:
        cfg: Changed in place.
    """
    _forget_weights(cfg.model)
    if cfg.get('data_preprocessor') is not None:
        cfg.model.setdefault('data_preprocessor', cfg.data_preprocessor)
    return revert_sync_batchnorm(MODELS.build(cfg.model)).eval()


def _forget_weights(node: Any) -> None:
    if isinstance(node, dict):
        for key in ('init_cfg', 'pretrained'):
            if node.get(key):
                node[key] = None if key == 'init_cfg' or isinstance(node[key], str) else False
        for child in node.values():
            _forget_weights(child)
    elif isinstance(node, (list, tuple)):
        for child in node:
            _forget_weights(child)


def _fix_proposals(model: nn.Module) -> List[str]:
    """Let an RPN always propose as many boxes as it may: how many pass its NMS depends on image and weights."""
    head, cfg = getattr(model, 'rpn_head', None), (getattr(model, 'test_cfg', None) or {}).get('rpn')
    number = (cfg or {}).get('max_per_img')
    if head is None or number is None or getattr(model, 'roi_head', None) is None:
        return []
    box = torch.tensor([0., 0., 32., 32.])
    proposals = InstanceData(bboxes=box.expand(number, 4), scores=torch.ones(number),
                             labels=torch.zeros(number, dtype=torch.int64))

    def replace(predict: Callable[..., list]) -> Callable[..., list]:
        return lambda *args, **kwargs: [proposals.clone() for _ in predict(*args, **kwargs)]

    for name in ('predict', 'predict_by_feat'):  # detectors call the one or the other
        if hasattr(head, name):
            setattr(head, name, replace(getattr(head, name)))
    return [f'proposals: {number} an image, as many as test_cfg.rpn.max_per_img allows']


def _watch_rois(model: nn.Module) -> Dict[str, int]:
    """Let the heads of RoIs note how many they are given: {module: number}, filled in by the forward pass."""
    seen: Dict[str, int] = {}
    for name, module in model.named_modules():
        if _ROI_HEADS.fullmatch(name) and not isinstance(module, nn.ModuleList):
            module.register_forward_pre_hook(lambda _, args, name=name: seen.update({name: len(args[0])}))
    return seen


def _rows(model: nn.Module, count: FlopCount, depth: int) -> List[Dict[str, Any]]:
    rows = []
    for name, module in model.named_modules():
        parameters, flops = sum(weight.numel() for weight in module.parameters()), count.below(name)
        level = name.count('.') + 1 if name else 0
        if level <= depth and (parameters or flops):
            rows.append(dict(module=name or type(model).__name__, depth=level, parameters=parameters, flops=flops,
                             macs=flops // 2, gflops=flops / 1e9, share=100 * flops / max(1, count.total)))
    return rows
