"""RegionDataSample: the annotations of one pretraining image."""
from mmengine.structures import BaseDataElement, InstanceData

# One label an object region, a set of them an OCR region and a whole image, words a text region and a captioned image,
# a set of tags a region and a whole image with tags; ``kinds`` of a RegionDataSample are indices into this.
KINDS = ('object', 'ocr', 'image', 'text', 'caption', 'tags', 'image_tags')


class RegionDataSample(BaseDataElement):
    """Regions of an image.

    ``gt_regions`` is an :class:`InstanceData` of K regions with

    - ``bboxes``: xyxy in pixels of the network's input, float32, shape (K, 4);
    - ``kinds``: 0 object, 1 OCR, 2 whole image, 3 text, 4 caption, 5 tags, 6 tags of the whole image, int64, shape
      (K,);
    - ``labels``: class indices, int64, shape (K, P), padded with -1.
    """

    @property
    def gt_regions(self) -> InstanceData:
        return self._gt_regions

    @gt_regions.setter
    def gt_regions(self, value: InstanceData) -> None:
        self.set_field(value, '_gt_regions', dtype=InstanceData)

    @gt_regions.deleter
    def gt_regions(self) -> None:
        del self._gt_regions
