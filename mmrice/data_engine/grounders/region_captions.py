"""Captions of proposed regions, each by itself."""
from typing import Any, Callable, Dict, List

import numpy as np

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from ..captioners.base import tidy
from ..encoders.crops import cut_out
from ..parts import build_part
from ..proposers.base import Proposals
from .base import Grounded, Grounder


@ENGINE_STAGES.register_module()
class RegionCaptioner(Grounder):
    """A caption of each box of stage propose by a captioner that sees nothing but the box (and ``pad`` around it).

    UMG-CLIP's regions have captions; how its captioner was shown a region is not known to us.

    Args:
        captioner: Config of the captioner, e.g. ``dict(type='mmrice.HuggingFaceCaptioner', path=...)``; of several
            captions of a box the first one is taken. Its ``batch_size`` is of boxes.
        pad: Context: a box grows on each side by this fraction of its width or height, as far as the image goes.
        batch_size: See :class:`Grounder`.

    Example:
        >>> ground = dict(type='mmrice.RegionCaptioner', captioner=dict(
        ...     type='mmrice.HuggingFaceCaptioner', path='models/blip2-opt-2.7b', device='cuda'))
    """
    reads = 'propose'

    def __init__(self, captioner: Dict[str, Any], pad: float = 0., batch_size: int = 8) -> None:
        super().__init__(batch_size)
        if pad < 0:
            raise UserError(f'engine.ground.pad is {pad}, expected a fraction of the box, 0 or more.')
        self.captioner, self.pad = _said_of(lambda: build_part(captioner, 'ground.captioner')), pad

    def fingerprint(self) -> List[str]:
        """What the captioner depends on."""
        return [str(self.captioner.version), *_said_of(getattr(self.captioner, 'fingerprint', list))]

    def __call__(self, images: List[np.ndarray], records: List[Dict[str, Any]],
                 found: List[Proposals]) -> List[Grounded]:
        """See :meth:`Grounder.__call__`; scores are those of the boxes. A box without a caption is left out."""
        owners = [number for number, one in enumerate(found) for _ in one.boxes]
        crops = [cut_out(image, box, self.pad) for image, one in zip(images, found) for box in one.boxes]
        captions: List[str] = []
        for start in range(0, len(crops), self.captioner.batch_size):
            end = start + self.captioner.batch_size
            texts = self.captioner(crops[start:end], [records[number] for number in owners[start:end]])
            captions += [next(iter(tidy(of_box)), '') for of_box in texts]
        if len(captions) != len(crops):
            raise UserError(f'engine.ground.captioner: {type(self.captioner).__name__} returned {len(captions)} lists '
                            f'of captions for {len(crops)} boxes.')
        texts_of = iter(captions)
        return [_grounded(one, [next(texts_of) for _ in one.boxes]) for one in found]


def _grounded(found: Proposals, captions: List[str]) -> Grounded:
    kept = [number for number, caption in enumerate(captions) if caption]
    return Grounded(found.boxes[kept], found.scores[kept], [captions[number] for number in kept])


def _said_of(make: Callable[[], Any]) -> Any:
    """What ``make`` returns; a captioner's errors name its place in the config."""
    try:
        return make()
    except UserError as error:
        raise UserError(str(error).replace('engine.caption', 'engine.ground.captioner')) from error
