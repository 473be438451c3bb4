"""What all taggers share."""
from typing import Any, Dict, List, NamedTuple, Optional

import numpy as np

from mmrice.utils import UserError


class Tagged(NamedTuple):
    """Tags of one image and of its regions.

    Attributes:
        image: Names of what the image shows.
        boxes: Of the regions, xyxy, px, inside the image, shape (K, 4), float32.
        scores: 0..1, shape (K,), float32.
        regions: Names of each of the K regions, none or more.
        invalid: How many boxes were left out because they could not be right.
        numbers: As in :class:`~mmrice.data_engine.grounders.Grounded`; of a region of stage ground its number there.
    """
    image: List[str]
    boxes: np.ndarray
    scores: np.ndarray
    regions: List[List[str]]
    invalid: int = 0
    numbers: Optional[List[int]] = None


def boxes_of(regions: List[Dict[str, Any]]) -> np.ndarray:
    """Boxes of the regions of stage ground, shape (K, 4), float32."""
    return np.array([region['box'] for region in regions], np.float32).reshape(-1, 4)


def scores_of(regions: List[Dict[str, Any]]) -> np.ndarray:
    """Scores of the regions of stage ground, shape (K,), float32."""
    return np.array([region['score'] for region in regions], np.float32)


def numbers_of(regions: List[Dict[str, Any]]) -> List[int]:
    """Numbers of the regions of stage ground in their file, -1 for those of none."""
    return [region.get('number', -1) for region in regions]


class Tagger:
    """Base of the taggers.

    Args:
        batch_size: Images at a time. Part of the config: sums of a model may differ in the last bit with another one.
    """
    version = 3
    needs_texts = False  # captions or phrases

    def __init__(self, batch_size: int = 16) -> None:
        if batch_size < 1:
            raise UserError(f'engine.tag.batch_size is {batch_size}, expected 1 or more.')
        self.batch_size = batch_size

    def __call__(self, images: List[np.ndarray], records: List[Dict[str, Any]], captions: List[List[str]],
                 regions: List[List[Dict[str, Any]]]) -> List[Tagged]:
        """Name what some images and their regions show.

        Args:
            images: RGB, uint8, shape (H, W, 3).
            records: What ingest noted about each: key, source, file, size, source_size.
            captions: Of each image; empty without stage caption.
            regions: ``{'box', 'text', 'score'}`` of each image, perhaps with ``'number'``; empty without stage ground.
        """
        raise NotImplementedError
