"""Units of metrics, and numbers as text."""
import re
from typing import Any, Optional

_FRACTIONS = re.compile(r'((coco|lvis)(_true_boxes)?|pascal_voc|cityscapes|openimages|crowd_human)/')
_PERCENT = re.compile(r'(.*/)?(accuracy/top\d+|[mac]?(IoU|Acc|Dice|Fscore|Precision|Recall)|mAcc_\w+|[PSR]Q(_th|_st)?|'
                      r'(Recall|mAP|Pr|Acc)@[\d.]+|[a-z-]*label/.*)')


def is_percentage(name: str) -> bool:
    """Whether a metric is a percentage or a fraction."""
    return bool(_FRACTIONS.match(name) or _PERCENT.fullmatch(name))


def percent(name: str, value: Any) -> Optional[float]:
    """A metric in per cent.

    Args:
        name: As the hosts call it: 'coco/bbox_mAP' is a fraction, 'mIoU' in per cent already.
        value: What the host says; COCO's -1 is 'no such object'.

    Returns:
        float: None where there is no value, or where it is none of per cent.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        return None
    if _FRACTIONS.match(name):
        return 100 * value if value >= 0 else None
    return float(value) if is_percentage(name) else None


def cell(value: Any) -> str:
    """A number in per cent with one decimal, a count or a word as it is, nothing for None."""
    if value is None:
        return ''
    return f'{value:.1f}' if isinstance(value, float) else str(value)
