"""What the inferencers of all tasks have in common."""
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Union

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import DATASETS, DefaultScope
from torch import nn

from mmrice.engine.checkpoint_io import read_checkpoint
from mmrice.engine.load_report import find_state_dict, load_weights
from mmrice.utils import UserError

from ..config import apply_options, load_config
from ..flops import config_file
from ..quiet import quiet_warnings
from ..user_errors import user_errors
from .images import ImageLike, as_list, read_image
from .records import Record

ConfigLike = Union[str, Path, Config]


def open_config(config: ConfigLike, options: Optional[Dict[str, Any]] = None) -> Config:
    """Read a config.

    Args:
        config: A file, 'mmrice::quick/rice_vit-tiny_mini.py' or a host's likewise, or a config, which is copied.
        options: {dotted key: value} to change.

    Raises:
        UserError: See :func:`mmrice.apis.config.load_config`.
    """
    if isinstance(config, Config):
        copied = Config(config.to_dict(), filename=config.filename)
        apply_options(copied, options or {})
        return copied
    return load_config(config_file(str(config)), options)


def pick_device(name: Optional[str]) -> str:
    """The device of a name; of None the accelerator that is there, else the CPU.

    Raises:
        UserError: Unknown, or there is no such device.
    """
    from mmengine.device import get_device
    if name is None:
        return get_device()
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UserError(f"device is {name!r}, expected 'cpu', 'cuda' or 'cuda:1'.") from error
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device.type == 'cuda' and (device.index or 0) >= count:
        raise UserError(f"device is {name!r}, but torch sees {count} GPUs here. Set it to 'cpu', or check the driver "
                        'and CUDA_VISIBLE_DEVICES.')
    return name


class Inferencer:
    """A trained model of a host library, its test pipeline and its visualizer.

    The host's own inferencer does the work. What is added: weights are read without unpickling code, a checkpoint that
    does not cover the model is an error, and class names are the checkpoint's or the config's, never a guess.

    Args:
        config: A config file, 'mmrice::PATH' or 'mmdet::PATH', or a ``Config``.
        checkpoint: Weights of the whole model, .pth or .safetensors.
        device: 'cpu', 'cuda', 'cuda:1'. Defaults to None: a GPU where there is one.
        options: {dotted key: value}, as ``--cfg-options``. Defaults to None.

    Raises:
        UserError: The config is not one of this task, or the checkpoint does not fit it.
    """
    scope = ''

    def __init__(self, config: ConfigLike, checkpoint: Union[str, Path], device: Optional[str] = None,
                 options: Optional[Dict[str, Any]] = None) -> None:
        cfg = open_config(config, options)
        name = cfg.filename or 'the config'
        if cfg.get('default_scope') != self.scope:
            raise UserError(f'{name}: default_scope is {cfg.get("default_scope")!r}, but {type(self).__name__} is for '
                            f'configs of {self.scope}.')
        if cfg.get('test_dataloader') is None:
            raise UserError(f'{name}: has no test_dataloader, whose pipeline prepares the images.')
        dataset = cfg.test_dataloader.dataset
        while 'pipeline' not in dataset:  # inside a RepeatDataset, a ConcatDataset, ...
            dataset = dataset.get('dataset') or next(iter(dataset.get('datasets') or ()), None)
            if dataset is None:
                raise UserError(f'{name}: test_dataloader.dataset has no pipeline, which prepares the images.')
        cfg.test_dataloader.dataset = dataset
        dataset.pipeline = [step for step in dataset.pipeline
                            if not step['type'].endswith(('Annotations', 'Annotation'))]
        if cfg.get('visualizer') is not None:
            cfg.visualizer.update(vis_backends=[], save_dir=None)
        quiet_warnings()
        weights, source = read_checkpoint(checkpoint), str(checkpoint)

        def load(model: nn.Module) -> Dict[str, Any]:
            report = load_weights(model, find_state_dict(weights), source)
            if report.coverage < 1:
                raise UserError(report.complaint())
            if not hasattr(model, 'set_classes'):
                return _dataset_meta(weights, dataset)
            return _ask_by_name(model, _dataset_meta({}, dataset))

        with DefaultScope.overwrite_default_scope(self.scope), user_errors():
            self.host = self.build(cfg, load, pick_device(device))

    def build(self, cfg: Config, load: Callable[[nn.Module], Dict[str, Any]], device: str) -> Any:
        """Build the host's inferencer.

        Args:
            cfg: Complete; may be changed.
            load: Loads the weights into a model; returns what is known of the data: ``classes``, ``palette``.
            device: Where the model goes.
        """
        raise NotImplementedError

    def predict(self, image: ImageLike) -> Any:
        """Run the model on one image and return the host's data sample."""
        raise NotImplementedError

    def record(self, sample: Any, score_thr: float) -> Record:
        """What a data sample says, as JSON can hold it."""
        raise NotImplementedError

    def draw(self, image: np.ndarray, sample: Any, score_thr: float) -> np.ndarray:
        """Draw a data sample on its image, RGB, uint8."""
        raise NotImplementedError

    @torch.no_grad()
    def infer_one(self, image: ImageLike, score_thr: float = 0.3, picture: bool = False) -> tuple:
        """Infer one image.

        Args:
            image: A path or an array, see :func:`~.images.read_image`.
            score_thr: Instances of lower scores are left out.
            picture: Draw the prediction.

        Returns:
            tuple: The record, with ``image`` (the path or None), ``width`` and ``height`` (px); and the picture, RGB,
            uint8, or None.

        Raises:
            UserError: The image cannot be read.
        """
        pixels = read_image(image)
        is_file = isinstance(image, (str, Path))
        with DefaultScope.overwrite_default_scope(self.scope):
            # The pipeline reads files itself, as in testing; arrays of the hosts are BGR.
            given = str(Path(image).expanduser()) if is_file else np.ascontiguousarray(pixels[..., ::-1])
            try:
                sample = self.predict(given)
            except (AssertionError, ValueError) as error:  # what the loaders of the hosts raise
                shown = image if is_file else 'an array'
                raise UserError(f'{shown}: the test pipeline fails on it: {error}.') from error
            record = dict(image=str(image) if is_file else None, width=pixels.shape[1], height=pixels.shape[0],
                          **self.record(sample, score_thr))
            return record, self.draw(pixels, sample, score_thr) if picture else None

    def __call__(self, images: Union[ImageLike, Sequence[ImageLike]], out_dir: Union[str, Path, None] = None,
                 score_thr: float = 0.3) -> Union[Record, List[Record]]:
        """Infer images.

        Args:
            images: A path, a folder, an array (RGB, uint8, shape (H, W, 3)), or a list of paths and arrays.
            out_dir: Receives ``predictions.json`` and ``pictures/``. Defaults to None: nothing is written.
            score_thr: Instances of lower scores are left out. Defaults to 0.3.

        Returns:
            dict | list: For each image a dict that JSON can hold, see :mod:`.records`; of one image the dict itself.

        Raises:
            UserError: An image cannot be read.
        """
        from .running import infer
        items, single = as_list(images)
        records = infer(self, items, out_dir, score_thr, skip=False).records
        return records[0] if single else records


def _dataset_meta(checkpoint: Dict[str, Any], dataset: Any) -> Dict[str, Any]:
    """``classes`` and ``palette`` out of the checkpoint, else of the config's test data, whose files are not needed."""
    stated = (checkpoint.get('meta') or {}).get('dataset_meta') if isinstance(checkpoint.get('meta'), dict) else None
    meta = {key.lower(): value for key, value in (stated or {}).items()}
    if not meta.get('classes'):
        meta = {**DATASETS.build({**dataset, 'lazy_init': True}).metainfo, **meta}
    return {**meta, 'classes': meta.get('classes'), 'palette': meta.get('palette')}


def _ask_by_name(model: nn.Module, meta: Dict[str, Any]) -> Dict[str, Any]:
    """Give a model that knows classes by name those of the data, unless it has some; what is known of its classes."""
    if model.classes is None and meta['classes']:
        model.set_classes(meta['classes'])
    names = [own if isinstance(own, str) else own[0] for own in model.classes or ()]
    return meta if len(names) == len(meta['classes'] or ()) else {**meta, 'classes': names, 'palette': None}
