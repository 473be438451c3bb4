"""Regions of many images: an extractor that can be run like an inferencer, and the file of its features."""
from pathlib import Path
from typing import Any, Callable, List, Optional, Tuple, Union

import numpy as np
from torch import Tensor

from mmrice.utils import atomic_path
from mmrice.visualization import draw_regions, label_color

from .boxes import Boxes, check_boxes
from .images import read_image
from .records import Record
from .regions import RegionFeatureExtractor


class RegionInferencer:
    """Embed the boxes of one image after the other.

    Args:
        extractor: Embeds them.
        boxes_of: The boxes of an image, xyxy in its pixels.
    """

    def __init__(self, extractor: RegionFeatureExtractor, boxes_of: Callable[[Path], Boxes]) -> None:
        self.extractor, self.boxes_of = extractor, boxes_of
        self.regions: List[Tensor] = []
        self.images: List[Tensor] = []

    def infer_one(self, image: Union[str, Path], score_thr: float = 0., picture: bool = False
                  ) -> Tuple[Record, Optional[Any]]:
        """Embed the boxes of an image and keep the features.

        Args:
            image: A path.
            score_thr: Not used; inferencers have it.
            picture: Draw the boxes.

        Returns:
            tuple: The record, and the picture or None. The ``row`` of a box, and of the image, is that of
            :meth:`save`.
        """
        pixels = read_image(image)
        boxes = check_boxes(self.boxes_of(Path(image)), pixels.shape[1::-1], str(image))
        found, = self.extractor.extract([pixels], [boxes])
        first = sum(map(len, self.regions))
        regions = [dict(row=first + number, box=[round(float(value), 3) for value in box])
                   for number, box in enumerate(boxes)]
        record = dict(image=str(image), width=pixels.shape[1], height=pixels.shape[0], row=len(self.images),
                      regions=regions)
        self.regions.append(found.regions)
        self.images.append(found.image)
        if not picture:
            return record, None
        rows = [one['row'] for one in regions]
        return record, draw_regions(pixels, boxes, [f'#{row}' for row in rows], [label_color(row) for row in rows])

    def save(self, path: Path) -> Tuple[int, int]:
        """Write ``regions``, shape (R, D), and ``images`` (class tokens), shape (N, C), float32, to an .npz file.

        Returns:
            tuple: (R, D).
        """
        regions = np.concatenate([one.numpy() for one in self.regions])
        with atomic_path(path) as temporary:
            np.savez(temporary, regions=regions, images=np.stack([one.numpy() for one in self.images]))
        return regions.shape
