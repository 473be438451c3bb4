"""Boxes without weights."""
import importlib.util
from typing import Any, Dict, Sequence

import numpy as np

from mmrice.compat import install_hint
from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from .base import Proposals, Proposer, shrink_image


@ENGINE_STAGES.register_module()
class SelectiveSearchProposer(Proposer):
    """Boxes of similar neighbouring superpixels; needs no weights. See :mod:`~mmrice.data_engine.selective_search`.

    Args:
        work_edge: The image is made this small (longer edge, px) first.
        scales: Felzenszwalb's k; one grouping for each.
        min_size: Least superpixel, px of the small image.
        **kwargs: See :class:`~mmrice.data_engine.proposers.base.Proposer`.

    Example:
        >>> boxes, scores, _ = SelectiveSearchProposer(min_edge=32)(image, {})
    """

    def __init__(self, work_edge: int = 256, scales: Sequence[float] = (100, 200), min_size: int = 50,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if importlib.util.find_spec('skimage') is None:
            raise UserError(f'mmrice.SelectiveSearchProposer needs scikit-image. {install_hint("skimage")}')
        self.work_edge, self.scales, self.min_size = work_edge, tuple(scales), min_size

    def candidates(self, image: np.ndarray, record: Dict[str, Any]) -> Proposals:
        """All regions of all groupings, boxes in px of ``image``."""
        from ..selective_search import selective_search
        small, back = shrink_image(image, self.work_edge)
        found = [selective_search(small, scale, min_size=self.min_size) for scale in self.scales]
        return Proposals(np.concatenate([boxes for boxes, _ in found]) * back,
                         np.concatenate([scores for _, scores in found]))
