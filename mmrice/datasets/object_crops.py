"""ObjectCrops: the objects of a detection data set as images to classify."""
import json
from pathlib import Path
from typing import Any, Dict, List

from mmpretrain.datasets import BaseDataset

from mmrice.registry import DATASETS
from mmrice.utils import UserError


@DATASETS.register_module()
class ObjectCrops(BaseDataset):
    """One sample for each box of a COCO json, with the class of the box; crowds are left out.

    The pipeline loads the whole image and cuts it: ``LoadImageFromFile``, then ``mmrice.CropToBox``. Classes are the
    categories of the file, in its order.

    Args:
        ann_file (str): The json.
        min_side (float): Leave out boxes whose shorter side is less, px. Defaults to 0.
        **kwargs: ``data_root``, ``data_prefix``, ``pipeline`` and others of MMPretrain's ``BaseDataset``.

    Raises:
        UserError: Not a detection file in COCO's format.

    Example:
        >>> dataset = dict(type='mmrice.ObjectCrops', data_root='data/mini/scenes', ann_file='annotations/val.json',
        ...                data_prefix='val', pipeline=[dict(type='LoadImageFromFile'), dict(type='mmrice.CropToBox')])
    """

    def __init__(self, ann_file: str, min_side: float = 0., **kwargs: Any) -> None:
        self.min_side = min_side
        super().__init__(ann_file=ann_file, **kwargs)

    def load_data_list(self) -> List[Dict[str, Any]]:
        """Read the file.

        Returns:
            list[dict]: ``img_path``, ``box`` (xyxy in pixels) and ``gt_label`` of each object.
        """
        try:
            content = json.loads(Path(self.ann_file).read_text(encoding='utf-8'))
            names = {image['id']: image['file_name'] for image in content['images']}
            categories = {category['id']: category['name'] for category in content['categories']}
            numbers = {name: number for number, name in enumerate(
                self._metainfo.setdefault('classes', tuple(categories.values())))}
            classes = {key: numbers[name] for key, name in categories.items() if name in numbers}
            objects = [item for item in content['annotations']
                       if not item.get('iscrowd') and (item['category_id'] not in categories
                                                       or item['category_id'] in classes)]
            return [dict(img_path=str(Path(self.img_prefix, names[item['image_id']])), box=(x, y, x + w, y + h),
                         gt_label=classes[item['category_id']])
                    for item in objects for x, y, w, h in [item['bbox']] if min(w, h) >= self.min_side]
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f'{self.ann_file}: is not a detection file in COCO\'s format ({error!r}): expected images, '
                            'categories and annotations with image_id, category_id and bbox.') from error
