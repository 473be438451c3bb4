"""What all grounders share."""
from typing import Any, Dict, List, NamedTuple, Optional

import numpy as np

from mmrice.utils import UserError


class Grounded(NamedTuple):
    """Phrases of one image with their boxes.

    Attributes:
        boxes: xyxy, px, inside the image, shape (K, 4), float32.
        scores: 0..1, shape (K,), float32.
        phrases: K texts.
        invalid: How many boxes were left out because they could not be right.
        numbers: Of each box among the regions of the image in a file, from 0, by which regions with equal boxes keep
            their own masks; None where boxes are of no file.
    """
    boxes: np.ndarray
    scores: np.ndarray
    phrases: List[str]
    invalid: int = 0
    numbers: Optional[List[int]] = None


class Grounder:
    """Base of the grounders.

    Args:
        batch_size: Images at a time. Part of the config: sums of a model may differ in the last bit with another one.
    """
    version = 1
    reads: Optional[str] = 'phrases'  # the stage whose outputs it is given: 'phrases', 'propose' or None

    def __init__(self, batch_size: int = 8) -> None:
        if batch_size < 1:
            raise UserError(f'engine.ground.batch_size is {batch_size}, expected 1 or more.')
        self.batch_size = batch_size

    def __call__(self, images: List[np.ndarray], records: List[Dict[str, Any]], found: List[Any]) -> List[Grounded]:
        """Find phrases and their boxes in some images.

        Args:
            images: RGB, uint8, shape (H, W, 3).
            records: What ingest noted about each: key, source, file, size, source_size.
            found: What the stage that it ``reads`` found for each: a list of phrases, empty without that stage, or
                :class:`~mmrice.data_engine.proposers.base.Proposals`.
        """
        raise NotImplementedError
