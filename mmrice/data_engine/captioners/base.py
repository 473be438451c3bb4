"""What all captioners share."""
from typing import Any, Dict, List

import numpy as np

from mmrice.utils import UserError


class Captioner:
    """Base of the captioners.

    Args:
        batch_size: Images at a time. Part of the config: sums of a model may differ in the last bit with another one.
    """
    version = 1

    def __init__(self, batch_size: int = 16) -> None:
        if batch_size < 1:
            raise UserError(f'engine.caption.batch_size is {batch_size}, expected 1 or more.')
        self.batch_size = batch_size

    def __call__(self, images: List[np.ndarray], records: List[Dict[str, Any]]) -> List[List[str]]:
        """Describe some images.

        Args:
            images: RGB, uint8, shape (H, W, 3).
            records: What ingest noted about each: key, source, file, size, source_size, perhaps caption.

        Returns:
            list: The captions of each image, none or more; white space around them is taken off later.
        """
        raise NotImplementedError


def tidy(texts: List[str]) -> List[str]:
    """White space to single blanks; empty texts and second ones are left out."""
    return list(dict.fromkeys(filter(None, (' '.join(text.split()) for text in texts))))
