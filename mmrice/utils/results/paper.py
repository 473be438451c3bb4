"""Numbers that papers state, from the metafiles of the configs."""
from typing import Any, Dict, NamedTuple, Tuple

from mmrice.utils.config_scope import config_root

# (what a metafile calls it, whether the dataset is LVIS) -> what the metric calls it
_METRICS: Dict[Tuple[str, bool], str] = {
    ('box AP', False): 'coco/bbox_mAP', ('mask AP', False): 'coco/segm_mAP', ('box AP', True): 'lvis/bbox_AP',
    ('mask AP', True): 'lvis/segm_AP', ('PQ', False): 'coco_panoptic/PQ', ('mIoU', False): 'mIoU',
    ('cIoU', False): 'cIoU', ('Top 1 Accuracy', False): 'accuracy/top1',
}


class Stated(NamedTuple):
    """A number and who states it.

    Args:
        value: Per cent.
        source: Such as 'paper, Table 3'.
    """
    value: float
    source: str


def paper_numbers() -> Dict[str, Dict[str, Stated]]:
    """Numbers of the metafiles' ``Results`` whose ``Source`` is a paper, by name of the config and of the metric.

    A number that no metric measures on its own, such as a mean over datasets, is left out.
    """
    from mmengine.fileio import load
    root, found = config_root(), {}
    for metafile in load(root / 'model-index.yml')['Import']:
        for model in load(root / metafile)['Models']:
            for result in model.get('Results') or []:
                numbers = _stated(result)
                if numbers:
                    found.setdefault(model['Name'], {}).update(numbers)
    return found


def _stated(result: Dict[str, Any]) -> Dict[str, Stated]:
    source, lvis = str(result.get('Source', '')), str(result.get('Dataset')).startswith('LVIS')
    if not source.startswith('paper'):
        return {}
    names = {_METRICS.get((name, lvis)): value for name, value in result['Metrics'].items()}
    return {name: Stated(float(value), source) for name, value in names.items() if name}
