"""What all maskers share."""
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import numpy as np


class Masker:
    """Base of the maskers."""
    version = 3

    def work_in(self, folder: Path) -> None:
        """Called before the images of each shard.

        Args:
            folder: Of the build, where a masker may keep files that spare it work.
        """

    def __call__(self, image: np.ndarray, record: Dict[str, Any], boxes_K4: np.ndarray,
                 numbers: Sequence[int] = ()) -> List[Optional[np.ndarray]]:
        """Find the masks of the regions of one image.

        Args:
            image: RGB, uint8, shape (H, W, 3).
            record: What ingest noted about it: key, source, file, size, source_size.
            boxes_K4: xyxy, px, at least one, shape (K, 4), float32.
            numbers: Of each region in the file that it is of, -1 where it is of none; empty stands for K of these.

        Returns:
            list: Of each region its pixels, bool, shape (H, W), or None where it has no mask.
        """
        raise NotImplementedError
