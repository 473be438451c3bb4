"""Time of COCO's numbers by faster-coco-eval against pycocotools, on drawn objects and detections."""
import contextlib
import io
import logging
from statistics import median
from typing import Any, Dict, List, Tuple

import numpy as np

from mmrice.utils.timing import speedup, time_in_turn

Row = Dict[str, Any]
SIDE, CLASSES = 640, 80
OBJECTS, DETECTIONS = 7, 100  # COCO has 7.3 objects an image; a detector gives 100
BACKENDS = ('faster', 'pycocotools')


def measure(images: int = 500, repeats: int = 3, seed: int = 0) -> Tuple[List[Row], Dict[str, float]]:
    """Time ``mmrice.CocoMetric.compute_metrics`` with both backends, on the same images.

    Args:
        images: Of 640 px, 7 objects and 100 detections each, 80 classes.
        repeats: Rounds that count.
        seed: Of the drawing.

    Returns:
        tuple: Rows of ``kind`` ('bbox', 'segm'), ``images``, ``faster_s``, ``pycocotools_s``, ``speedup``; and the
        ratios ``coco_eval_bbox`` and ``coco_eval_segm``, times pycocotools' throughput, medians of the rounds.

    Raises:
        RuntimeError: The two give other numbers.
    """
    drawn = draw(images, seed)
    rows = []
    for kind in ('bbox', 'segm'):
        contenders = {backend: lambda backend=backend, kind=kind: compute(drawn, kind, backend)
                      for backend in BACKENDS}
        numbers = {backend: contender() for backend, contender in contenders.items()}
        if numbers['faster'] != numbers['pycocotools']:
            raise RuntimeError(f'{kind}: the backends differ: {numbers}')
        times = time_in_turn(contenders, repeats, warmup=0)
        rows.append({'kind': kind, 'images': images, **{f'{name}_s': median(times[name]) for name in BACKENDS},
                     'speedup': speedup(times, 'faster', 'pycocotools')})
    return rows, {f'coco_eval_{row["kind"]}': row['speedup'] for row in rows}


def compute(drawn: List[Tuple[dict, dict]], kind: str, backend: str) -> Dict[str, float]:
    """The twelve numbers; what the backends print is dropped.

    Args:
        drawn: See :func:`draw`.
        kind: 'bbox' or 'segm'.
        backend: 'faster' or 'pycocotools'.

    Returns:
        dict: Name -> fraction.
    """
    import mmrice  # noqa: F401 (before a host)
    from mmrice.registry import METRICS
    metric = METRICS.build(dict(type='mmrice.CocoMetric', metric=kind, backend=backend))
    metric.dataset_meta = dict(classes=[f'class {number}' for number in range(CLASSES)])
    logging.disable(logging.INFO)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return metric.compute_metrics(drawn)
    finally:
        logging.disable(logging.NOTSET)


def draw(images: int, seed: int) -> List[Tuple[dict, dict]]:
    """Truth and detections as ``CocoMetric.process`` gathers them: jittered objects and noise, ellipses as masks.

    Args:
        images: How many.
        seed: Of all.

    Returns:
        list: (truth, detections) of each.
    """
    rng = np.random.default_rng(seed)
    return [draw_image(rng, number) for number in range(images)]


def draw_image(rng: np.random.Generator, number: int) -> Tuple[dict, dict]:
    """Truth and detections of one image."""
    truth, labels = boxes(rng, OBJECTS), rng.integers(0, CLASSES, OBJECTS)
    copies = rng.integers(0, OBJECTS, DETECTIONS)
    found = truth[copies] + rng.normal(0, 0.15, (DETECTIONS, 4)) * np.ptp(truth[copies].reshape(-1, 2, 2), 1).mean(
        1, keepdims=True)
    found = np.sort(found.clip(0, SIDE - 1).reshape(-1, 2, 2), 1).reshape(-1, 4)
    found[:, 2:] = np.maximum(found[:, 2:], found[:, :2] + 1)
    right = rng.random(DETECTIONS) < 0.5
    guesses = np.where(right, labels[copies], rng.integers(0, CLASSES, DETECTIONS))
    instances = [dict(bbox=box.tolist(), bbox_label=int(label), ignore_flag=0, mask=ellipse(box))
                 for box, label in zip(truth, labels)]
    scores = rng.random(DETECTIONS).astype(np.float32)
    detections = dict(img_id=number, bboxes=found.astype(np.float32), scores=scores, labels=guesses,
                      masks=[ellipse(box) for box in found])
    return dict(width=SIDE, height=SIDE, img_id=number, anns=instances), detections


def boxes(rng: np.random.Generator, count: int) -> np.ndarray:
    """Boxes of all three of COCO's sizes, xyxy, shape (count, 4), px."""
    sides = np.exp(rng.uniform(np.log(12), np.log(300), (count, 2)))
    corners = rng.random((count, 2)) * (SIDE - sides)
    return np.concatenate([corners, corners + sides], 1)


def ellipse(box: np.ndarray) -> dict:
    """The run lengths of the ellipse in a box."""
    import cv2
    from pycocotools import mask as coder
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    x1, y1, x2, y2 = (float(value) for value in box)
    axes = max((x2 - x1) / 2, 1), max((y2 - y1) / 2, 1)
    cv2.ellipse(canvas, (round((x1 + x2) / 2), round((y1 + y2) / 2)), tuple(round(axis) for axis in axes), 0, 0, 360, 1,
                -1)
    return coder.encode(np.asfortranarray(canvas))
