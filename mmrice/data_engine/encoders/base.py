"""What all encoders have in common: the two halves of their work."""
from typing import Any, List, Sequence

import numpy as np

from mmrice.utils import UserError


class Encoder:
    """An encoder in two halves: ``prepare`` for one image, which runs ahead in a thread, and ``embed`` for a batch.

    The embed stage needs no more than ``encoder(images, boxes)``; with these halves it cuts regions out while the model
    works on the batch before.

    Args:
        batch_size: Regions, or images where ``batch_of`` is 'images', that are embedded together.
    """
    version = 1
    batch_of = 'regions'

    def __init__(self, batch_size: int = 64) -> None:
        if batch_size < 1:
            raise UserError(f'engine.embed.batch_size is {batch_size}, expected 1 or more.')
        self.batch_size = batch_size

    def prepare(self, image: np.ndarray, boxes_K4: np.ndarray) -> Any:
        """What the model needs of one image, on the CPU.

        Args:
            image: RGB, uint8, shape (H, W, 3).
            boxes_K4: xyxy inside the image, px, float32; K >= 1.
        """
        raise NotImplementedError

    def embed(self, prepared: List[Any]) -> np.ndarray:
        """Embed a batch.

        Args:
            prepared: Of :meth:`prepare`, one for each image.

        Returns:
            np.ndarray: shape (sum of K_i, D), float16, rows of length one; images and their boxes in order.
        """
        raise NotImplementedError

    def __call__(self, images: Sequence[np.ndarray], boxes: Sequence[np.ndarray]) -> np.ndarray:
        """Embed the regions of some images.

        Args:
            images: RGB, uint8, shapes (H_i, W_i, 3).
            boxes: For each image xyxy inside it, px, float32, shape (K_i, 4); K_i >= 1.

        Returns:
            np.ndarray: shape (sum of K_i, D), float16, rows of length one.
        """
        return self.embed([self.prepare(image, image_boxes) for image, image_boxes in zip(images, boxes)])
