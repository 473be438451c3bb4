"""Run an inferencer over images and write what it finds."""
import json
import time
from pathlib import Path
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple, Union

from PIL import Image

from mmrice.utils import UserError, atomic_path, atomic_write

from .images import ImageLike, picture_names
from .records import Record


class Outcome(NamedTuple):
    """Records of the images that were read; (image, reason) of those that were not; seconds for all."""
    records: List[Record]
    skipped: List[Tuple[str, str]]
    seconds: float


def infer(inferencer: Any, images: Sequence[ImageLike], out_dir: Union[str, Path, None] = None, score_thr: float = 0.3,
          skip: bool = True, root: Union[str, Path, None] = None, progress: Optional[Any] = None) -> Outcome:
    """Infer images one after the other.

    Args:
        inferencer: Has ``infer_one(image, score_thr, picture)``.
        images: Paths and arrays.
        out_dir: Receives ``predictions.json`` (``images``: the records, ``skipped``) and ``pictures/*.jpg``. Defaults
            to None: nothing is written.
        score_thr: Instances of lower scores are left out.
        skip: Go on after an image that cannot be read.
        root: Pictures keep the place that their images have below this folder. Defaults to None.
        progress: Has ``update(images, rejects)``. Defaults to None.

    Raises:
        UserError: An image cannot be read, and ``skip`` is off.
    """
    records: List[Record] = []
    skipped: List[Tuple[str, str]] = []
    begin = time.monotonic()
    for image, name in zip(images, picture_names(images, root)):
        try:
            record, picture = inferencer.infer_one(image, score_thr, picture=out_dir is not None)
        except UserError as error:
            if not skip:
                raise
            reason = str(error)
            shown = str(image) if isinstance(image, (str, Path)) else name
            skipped.append((shown, reason.removeprefix(f'{shown}: ')))
            record = None
        else:
            if out_dir is not None:
                record['picture'] = f'pictures/{name}.jpg'
                _write_picture(picture, Path(out_dir, record['picture']))
            records.append(record)
        if progress is not None:
            progress.update(1, int(record is None))
    if out_dir is not None:
        write_predictions(Path(out_dir), records, skipped)
    return Outcome(records, skipped, time.monotonic() - begin)


def write_predictions(out_dir: Path, records: List[Record], skipped: List[Tuple[str, str]], **more: Any) -> None:
    """Write ``predictions.json``, one image a line."""
    lines = ',\n  '.join(json.dumps(record) for record in records)
    left_out = json.dumps([dict(image=image, reason=reason) for image, reason in skipped])
    head = ''.join(f'"{key}": {json.dumps(value)},\n ' for key, value in more.items())
    with atomic_write(out_dir / 'predictions.json', encoding='utf-8') as stream:
        stream.write(f'{{{head}"images": [\n  {lines}\n ],\n "skipped": {left_out}}}\n')


def _write_picture(picture: Any, path: Path) -> None:
    with atomic_path(path) as temporary:
        Image.fromarray(picture).save(temporary, 'JPEG', quality=92)
