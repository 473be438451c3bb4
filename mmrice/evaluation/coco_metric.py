"""CocoMetric: COCO's twelve numbers, computed fast."""
import importlib.util
from typing import Any, Dict, Optional, Sequence

from mmdet.evaluation.metrics import CocoMetric as Reference
from mmdet.evaluation.metrics.faster_coco_metric import FasterCocoMetric

from mmrice.compat import install_hint
from mmrice.registry import METRICS
from mmrice.utils import UserError

ITEMS = ('mAP', 'mAP_50', 'mAP_75', 'mAP_s', 'mAP_m', 'mAP_l', 'AR@100', 'AR@300', 'AR@1000', 'AR_s@1000',
         'AR_m@1000', 'AR_l@1000')  # as MMDetection calls them, whatever proposal_nums says
_BACKENDS = {'faster': FasterCocoMetric, 'pycocotools': Reference}


@METRICS.register_module()
class CocoMetric(FasterCocoMetric):
    """MMDetection's ``CocoMetric`` with all twelve of COCO's numbers, by faster-coco-eval unless told otherwise.

    COCO counts 1, 10 and 100 detections an image, MMDetection 100, 300 and 1000; here COCO's are the default, so that
    names and values are those of the COCO server. AP50 and AP75 can differ from MMDetection's in models that keep more
    than 100 detections.

    Args:
        *args: See MMDetection's ``CocoMetric``.
        backend (str): 'faster' (faster-coco-eval) or 'pycocotools', the reference: equal numbers, more time. Defaults
            to 'faster'.
        proposal_nums (Sequence[int]): Three numbers of detections an image. Defaults to (1, 10, 100).
        metric_items (Sequence[str], optional): Which numbers to report, in MMDetection's names. Defaults to None: all.
        **kwargs: See MMDetection's ``CocoMetric``.

    Raises:
        UserError: Unknown backend, or faster-coco-eval is not installed.
    """

    def __init__(self, *args: Any, backend: str = 'faster', proposal_nums: Sequence[int] = (1, 10, 100),
                 metric_items: Optional[Sequence[str]] = None, **kwargs: Any) -> None:
        if backend not in _BACKENDS:
            raise UserError(f"CocoMetric: backend is {backend!r}, expected 'faster' or 'pycocotools'.")
        if backend == 'faster' and importlib.util.find_spec('faster_coco_eval') is None:
            raise UserError(f"CocoMetric(backend='faster') needs faster-coco-eval. {install_hint('faster_coco_eval')} "
                            "Or choose backend='pycocotools'.")
        super().__init__(*args, proposal_nums=proposal_nums, metric_items=list(metric_items or ITEMS), **kwargs)
        self.backend = backend

    def compute_metrics(self, results: list) -> Dict[str, float]:
        """Compute the numbers; see MMDetection's ``CocoMetric``.

        Args:
            results: Truth and prediction of each image.

        Returns:
            dict: {'bbox_mAP': fraction, ..., 'bbox_AR_l@100': fraction}; -1 where there is no such object.
        """
        metrics = _BACKENDS[self.backend].compute_metrics(self, results)
        few, some, many = self.proposal_nums
        true = dict(zip(ITEMS[6:], (f'AR@{few}', f'AR@{some}', f'AR@{many}', *(f'AR_{s}@{many}' for s in 'sml'))))
        renamed = {}
        for name, value in metrics.items():
            kind, _, item = name.partition('_')
            renamed[f'{kind}_{true[item]}' if item in true else name] = value
        return renamed
