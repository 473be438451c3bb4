"""What all grounders share."""
from typing import Any, Dict, List, NamedTuple

import numpy as np

from mmrice.utils import UserError


class Grounded(NamedTuple):
    """Phrases of one image with their boxes.

    Attributes:
        boxes: xyxy, px, inside the image, shape (K, 4), float32.
        scores: 0..1, shape (K,), float32.
        phrases: K texts.
        invalid: How many boxes were left out because they could not be right.
    """
    boxes: np.ndarray
    scores: np.ndarray
    phrases: List[str]
    invalid: int = 0


class Grounder:
    """Base of the grounders.

    Args:
        batch_size: Images at a time. Part of the config: sums of a model may differ in the last bit with another one.
    """
    version = 1
    asks = True  # it looks for the phrases of stage phrases

    def __init__(self, batch_size: int = 8) -> None:
        if batch_size < 1:
            raise UserError(f'engine.ground.batch_size is {batch_size}, expected 1 or more.')
        self.batch_size = batch_size

    def __call__(self, images: List[np.ndarray], records: List[Dict[str, Any]],
                 phrases: List[List[str]]) -> List[Grounded]:
        """Find the phrases of some images.

        Args:
            images: RGB, uint8, shape (H, W, 3).
            records: What ingest noted about each: key, source, file, size, source_size.
            phrases: What stage phrases found for each; empty without that stage.
        """
        raise NotImplementedError
