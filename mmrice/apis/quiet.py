"""Silence warnings of the hosts that a user can do nothing about, each by its words, and spare slow habits."""
import logging
import warnings
from typing import Any, Dict, Tuple

from mmengine.runner import Runner
from yapf.yapflib import yapf_api

_WARNINGS = (
    'The draw is False, it means that the hook for visualization',  # mmseg, whenever nothing is painted
    r'Default ``avg_non_ignore`` is False',  # mmseg, for every default loss
    'The shape of value will convert from',  # mmengine, for every label map
    '`torch.cuda.amp.',  # deprecations inside mmcv and mmengine
    'Warning: The (bbox|polygon|text) is out of bounds',  # mmengine, for a box that ends at the edge of its image
    r'torch\.meshgrid: in an upcoming release',  # mmdet's Mask2Former
    'Setting OMP_NUM_THREADS environment variable',
)
_LOGS = (
    '"FileClient" will be deprecated',
    '"HardDiskBackend" is the alias',
    'The prefix is not set in metric class',
)


def quiet_warnings() -> None:
    """Silence known Python warnings of the hosts."""
    for words in _WARNINGS:
        warnings.filterwarnings('ignore', message=words)


def quiet_logs(runner: Runner) -> None:
    """Silence known log lines of mmengine.

    Args:
        runner: Just built.
    """

    def wanted(record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith(_LOGS)

    runner.logger.addFilter(wanted)


def format_once() -> None:
    """Keep the formatted text of a config, which mmengine makes anew (a second or so) for every checkpoint."""
    plain = yapf_api.FormatCode
    if hasattr(plain, 'kept'):
        return
    kept: Dict[str, Tuple] = {}

    def format_code(text: str, **kwargs: Any) -> Tuple:
        if text not in kept:
            kept[text] = plain(text, **kwargs)
        return kept[text]

    format_code.kept = kept
    yapf_api.FormatCode = format_code
