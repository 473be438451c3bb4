"""The inferencer that a config asks for."""
from pathlib import Path
from typing import Any, Dict, Optional, Union

from mmrice.compat import install_hint
from mmrice.utils import UserError

from .base import ConfigLike, open_config

_BY_SCOPE = {
    'mmdet': 'DetectionInferencer',
    'mmseg': 'SegmentationInferencer',
    'mmpretrain': 'ClassificationInferencer',
}


def inferencer_name(cfg: Any) -> str:
    """The class for a config: by its host, and :class:`RegionFeatureExtractor` for pretraining, which tests nothing.

    Raises:
        UserError: There is none.
    """
    if cfg.get('test_dataloader') is None:
        return 'RegionFeatureExtractor'
    if cfg.get('default_scope') not in _BY_SCOPE:
        raise UserError(f'{cfg.filename}: default_scope is {cfg.get("default_scope")!r}, expected '
                        f'{", ".join(_BY_SCOPE)}.')
    return _BY_SCOPE[cfg.default_scope]


def make_inferencer(config: ConfigLike, checkpoint: Union[str, Path], device: Optional[str] = None,
                    options: Optional[Dict[str, Any]] = None) -> Any:
    """Make the inferencer for a config of any host.

    Args:
        config, checkpoint, device, options: See :class:`~.base.Inferencer`.

    Returns:
        Inferencer | RegionFeatureExtractor: The latter for configs without ``test_dataloader``.

    Raises:
        UserError: There is none for it, or its host library is not installed.
    """
    import mmrice.apis.inference as inference
    cfg = open_config(config, options)
    try:
        cls = getattr(inference, inferencer_name(cfg))
    except ModuleNotFoundError as error:
        raise UserError(f'{cfg.filename}: needs {error.name}, which is not installed. {install_hint(error.name)}'
                        ) from error
    return cls(cfg, checkpoint, device)
