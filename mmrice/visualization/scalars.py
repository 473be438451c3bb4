"""Read the numbers that a run of mmengine logged."""
import json
from pathlib import Path
from typing import Dict, List, Tuple, Union

from mmrice.utils import UserError

Curve = Tuple[List[int], List[float]]


def read_curves(work_dir: Union[str, Path]) -> Dict[str, Curve]:
    """Curves of the latest training run of a work directory.

    Args:
        work_dir: Holds ``<time>/vis_data/scalars.json`` of each run.

    Returns:
        dict: name -> (iterations, values), such as 'loss' or 'coco/bbox_mAP'; values are finite numbers.

    Raises:
        UserError: No run has logged a training loss.
    """
    for path in sorted(Path(work_dir).glob('*/vis_data/scalars.json'), reverse=True):
        curves: Dict[str, Curve] = {}
        for line in path.read_text(encoding='utf-8').splitlines():
            entry = json.loads(line)
            step = entry.get('step', entry.get('iter'))
            for name, value in entry.items():
                if name not in ('step', 'iter', 'epoch') and isinstance(value, (int, float)) and value == value:
                    steps, values = curves.setdefault(name, ([], []))
                    steps.append(step)
                    values.append(value)
        if 'loss' in curves or any(name.endswith('loss') for name in curves):
            return curves
    raise UserError(f'{work_dir}: no run here has logged a loss (<time>/vis_data/scalars.json). '
                    'Train with tools/train.py first.')


def last_values(curves: Dict[str, Curve],
                prefixes: Tuple[str, ...] = ('loss', 'accuracy', 'pos_cosine', 'batch_cosine')) -> Dict:
    """The last value of each curve whose name begins with one of ``prefixes``, and the iteration as 'iter'."""
    chosen = {name: curve for name, curve in curves.items() if name.startswith(prefixes)}
    return {'iter': max(steps[-1] for steps, _ in chosen.values()),
            **{name: values[-1] for name, (_, values) in sorted(chosen.items())}}
