"""RegionTextFile: images with captions and with phrases for boxes, from JSON lines."""
import math
from pathlib import Path
from typing import Any, Dict, List

from mmdet.datasets import BaseDetDataset

from mmrice.registry import DATASETS
from mmrice.utils import UserError
from mmrice.utils.text_lines import parse_text_line


@DATASETS.register_module()
class RegionTextFile(BaseDetDataset):
    """One image a line: ``{"file_name", "caption", "regions": [{"box": [x1, y1, x2, y2], "phrase"}, ...]}``.

    Boxes are in pixels of the image. ``caption`` may be a list, or missing, and so may ``regions``; a region without a
    phrase is left out, and further fields are ignored. A sample has ``phrases``, in the order of its boxes, and
    ``captions``, lists of str that ``PackDetInputs`` carries with ``meta_keys=(..., 'phrases', 'captions')``.

    Args:
        *args, **kwargs: ``ann_file``, ``data_root``, ``data_prefix=dict(img=...)``, ``pipeline`` and others of
            MMDetection's ``BaseDetDataset``.

    Raises:
        UserError: A line is not in this format.

    Example:
        >>> dataset = dict(type='mmrice.RegionTextFile', data_root='data/mini/scenes/', ann_file='text/val.jsonl',
        ...                data_prefix=dict(img='val/'))
    """
    METAINFO = dict(classes=('region', ))

    def load_data_list(self) -> List[Dict[str, Any]]:
        """Read the file.

        Returns:
            list[dict]: Of each image.
        """
        try:
            lines = Path(self.ann_file).read_text(encoding='utf-8').splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f'{self.ann_file}: cannot be read ({error}). Expected JSON lines, one an image.') from error
        return [self._parse(line, number) for number, line in enumerate(lines, 1) if line.strip()]

    def _parse(self, line: str, number: int) -> Dict[str, Any]:
        where = f'{self.ann_file}: line {number}'
        content = parse_text_line(line, where)
        captions, regions = content.get('caption') or [], content.get('regions') or []
        captions = [captions] if isinstance(captions, str) else captions
        if not isinstance(captions, list) or not all(isinstance(caption, str) for caption in captions):
            raise UserError(f"{where}: 'caption' is {captions!r}, expected a text or a list of texts.")
        if not isinstance(regions, list) or not all(isinstance(region, dict) for region in regions):
            raise UserError(f"{where}: 'regions' is no list of objects with 'box' and 'phrase'.")
        regions = [region for region in regions if region.get('phrase')]
        for place, region in enumerate(regions):
            if not isinstance(region['phrase'], str):
                raise UserError(f"{where}: region {place + 1}: 'phrase' is {region['phrase']!r}, expected a text.")
            if not _is_box(region.get('box')):
                raise UserError(f"{where}: region {place + 1}: 'box' is {region.get('box')!r}, expected "
                                '[x1, y1, x2, y2] in pixels with x1 < x2 and y1 < y2.')
        return dict(img_path=str(Path(self.data_prefix.get('img', ''), content['file_name'])),
                    img_id=content.get('image_id', number), captions=captions,
                    phrases=[region['phrase'] for region in regions],
                    instances=[dict(bbox=region['box'], bbox_label=0, ignore_flag=0) for region in regions])


def _is_box(box: Any) -> bool:
    numbers = isinstance(box, list) and len(box) == 4 and all(
        isinstance(value, (int, float)) and math.isfinite(value) for value in box)
    return numbers and box[0] < box[2] and box[1] < box[3]
