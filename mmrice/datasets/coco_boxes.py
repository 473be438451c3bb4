"""CocoBoxes: a detection data set whose classes are those of its file."""
import json
from pathlib import Path
from typing import Any, Dict, List

from mmdet.datasets import CocoDataset

from mmrice.registry import DATASETS
from mmrice.utils import UserError


@DATASETS.register_module()
class CocoBoxes(CocoDataset):
    """MMDetection's ``CocoDataset`` with the categories of the json as classes, in the order of the file.

    For files with many or changing categories, such as words, which no config wants to list.

    Args:
        *args, **kwargs: ``ann_file``, ``data_root``, ``data_prefix=dict(img=...)``, ``pipeline`` and others of
            ``CocoDataset``.

    Raises:
        UserError: The file is no json with named categories.

    Example:
        >>> dataset = dict(type='mmrice.CocoBoxes', data_root='data/mini/scenes/', ann_file='annotations/val.json',
        ...                data_prefix=dict(img='val/'))
    """
    METAINFO: Dict[str, Any] = {}

    def load_data_list(self) -> List[dict]:
        """Read the file; see ``CocoDataset``."""
        try:
            categories = json.loads(Path(self.ann_file).read_text(encoding='utf-8'))['categories']
            self._metainfo['classes'] = tuple(category['name'] for category in categories)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(f'{self.ann_file}: no json with named categories ({error!r}). Expected annotations in '
                            "COCO's format.") from error
        return super().load_data_list()
