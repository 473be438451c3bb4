"""CocoTags: which classes each image of a detection data set shows."""
from pathlib import Path
from typing import Any, Dict, List, Set

import numpy as np
from mmpretrain.datasets import MultiLabelDataset

from mmrice.data_engine.coco_file import iter_annotations, iter_categories, iter_images
from mmrice.registry import DATASETS
from mmrice.utils import UserError


@DATASETS.register_module()
class CocoTags(MultiLabelDataset):
    """One sample for each image of a COCO json, with the set of the classes of its boxes, for multi-label recognition.

    Crowds count, since the image shows the class; images without a box count as well, without labels. Classes are the
    categories of the file, in its order, or those of ``classes``, in that order, with the others left out.

    Args:
        ann_file (str): The json, with ``images``, ``categories`` and ``annotations``.
        **kwargs: ``data_root``, ``data_prefix``, ``pipeline``, ``classes`` and others of MMPretrain's
            ``BaseDataset``.

    Raises:
        UserError: Not a detection file in COCO's format, an annotation of an image or a category that it lacks, or one
            of ``classes`` that no category is called.

    Example:
        >>> dataset = dict(type='mmrice.CocoTags', data_root='data/coco', data_prefix='val2017',
        ...                ann_file='annotations/instances_val2017.json', pipeline=[dict(type='LoadImageFromFile')])
    """

    def load_data_list(self) -> List[Dict[str, Any]]:
        """Read the file.

        Returns:
            list[dict]: ``img_path`` and ``gt_label``, sorted, int64, of each image.
        """
        names = {category['id']: category['name'] for category in iter_categories(self.ann_file)}
        classes = self._metainfo.setdefault('classes', tuple(names.values()))
        unknown = [name for name in classes if name not in names.values()]
        if unknown:
            raise UserError(f'{self.ann_file}: no category is called {unknown[0]!r}, which classes of CocoTags has. '
                            f'Expected names of categories, such as {", ".join(list(names.values())[:5])}.')
        numbers = {name: number for number, name in enumerate(classes)}
        paths: Dict[Any, str] = {}
        shown: Dict[Any, Set[int]] = {}
        for image in iter_images(self.ann_file):
            paths[image['id']], shown[image['id']] = str(Path(self.img_prefix, image['file_name'])), set()
        for place, item in enumerate(iter_annotations(self.ann_file)):
            image, category = item['image_id'], item.get('category_id')
            if image not in shown or category not in names:
                raise UserError(f'{self.ann_file}: annotations[{place}] has image_id {image!r} and category_id '
                                f'{category!r}, expected those of images and categories of the file.')
            if names[category] in numbers:
                shown[image].add(numbers[names[category]])
        return [dict(img_path=path, gt_label=np.array(sorted(shown[image]), np.int64))
                for image, path in paths.items()]
