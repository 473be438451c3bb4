"""Silence, one by one, messages of the hosts that say nothing to an mmrice user."""
import functools
import warnings
from types import ModuleType
from typing import Any

from .post_import import after_import

# The forks look for their maker's own data service whenever their datasets are imported.
_NOISE = 'Could not import OneDL'


def _quiet_print_log(module: ModuleType) -> None:
    """Keep one message, which ignores its own level DEBUG, from being printed."""
    original = module.print_log
    if hasattr(original, '__wrapped__'):
        return

    @functools.wraps(original)
    def print_log(msg: Any, *args: Any, **kwargs: Any) -> None:
        if not str(msg).startswith(_NOISE):
            original(msg, *args, **kwargs)

    module.print_log = print_log


def install() -> None:
    """Add the filters; nothing is imported now."""
    after_import('mmengine.logging', _quiet_print_log)
    # An optional, faster twin of the COCO metric; the metric itself needs only pycocotools.
    warnings.filterwarnings('ignore', message='faster_coco_eval is not installed', category=UserWarning)
