"""RegionRecognizer: which class a box shows, by the names of the classes alone."""
from typing import Any, List, Optional

import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from torch import Tensor

from mmrice.registry import MODELS
from mmrice.utils import UserError

from .base import RegionTextModel, boxes_of
from .class_names import Classes, ClassNames, Lines


@MODELS.register_module()
class RegionRecognizer(ClassNames, RegionTextModel):
    """Zero-shot region recognition: the cosine of each annotated box with the name of every class.

    Every sample gets ``pred_regions`` with the ``labels`` of its boxes and their ``scores``, the cosines, shape (K, C),
    for :class:`mmrice.RegionRecognition`; and ``pred_instances`` for the AP of true boxes, which RegionCLIP and FlexCap
    report: each box stands for every class, its score there is softmax(cosines / T) as in CLIP, and the best
    ``max_per_img`` pairs of box and class are kept, without suppression. That no box is dropped for its overlap is a
    choice.

    Args:
        backbone, text_encoder, neck, image_neck (dict): See :class:`.base.RegionTextModel`.
        pooling (str): 'neck', one pass for all boxes of an image; or 'crop', where each box is cut out of the network's
            input, resized and encoded by class token and ``image_neck``, the usual baseline: give it images in full
            size. Defaults to 'neck'.
        classes (list | str, optional): Of each class its name, or a list of several, whose unit vectors are averaged;
            or a text file with a class a line, several names with '|' between them. Defaults to None: the names of the
            dataset, which :class:`mmrice.DatasetClassesHook` hands over.
        templates (list | str): Texts in which '{}' stands for the name, or a text file with one a line; the unit
            vectors of several are averaged. Defaults to ('{}', ): the bare name, as in CLOC.
        temperature (float): T. Defaults to 0.01, where CLIP's ends.
        max_per_img (int): COCO counts 100, LVIS 300. Defaults to 100.
        **kwargs: ``crop_size``, ``data_preprocessor`` and others of :class:`.base.RegionTextModel`.

    Raises:
        UserError: What ``pooling`` needs is not given, or a file of names or templates cannot be read.
    """

    def __init__(self,
                 backbone: dict,
                 text_encoder: dict,
                 neck: Optional[dict] = None,
                 image_neck: Optional[dict] = None,
                 pooling: str = 'neck',
                 classes: Optional[Classes] = None,
                 templates: Lines = ('{}', ),
                 temperature: float = 0.01,
                 max_per_img: int = 100,
                 **kwargs: Any) -> None:
        if pooling == 'neck' and neck is None:
            raise UserError("RegionRecognizer: pooling='neck' needs neck, a pooling of regions.")
        parts = dict(neck=neck) if pooling == 'neck' else dict(image_neck=image_neck)  # no more than is measured
        super().__init__(backbone, text_encoder, pooling=pooling, **parts, **kwargs)
        self.init_classes(classes, templates)
        self.temperature, self.max_per_img = temperature, max_per_img

    def predict(self, batch_inputs: Tensor, batch_data_samples: List[DetDataSample]) -> List[DetDataSample]:
        """Set ``pred_regions`` and ``pred_instances`` of samples with ``gt_instances``."""
        boxes = [boxes_of(sample) for sample in batch_data_samples]
        regions = self.embed_regions(batch_inputs, boxes).split(list(map(len, boxes)))
        vectors = self.class_vectors()
        found = []
        for sample, own in zip(batch_data_samples, regions):
            with torch.autocast(own.device.type, enabled=False):
                cosines = own @ vectors.T if len(own) else vectors.new_empty(0, len(vectors))
            truth = sample.gt_instances
            sample.pred_regions = InstanceData(labels=truth.labels, scores=cosines)
            found.append(self._detections(truth.bboxes, cosines))
        return self.add_pred_to_datasample(batch_data_samples, found)

    def _detections(self, boxes: Tensor, cosines_KC: Tensor) -> InstanceData:
        """The best pairs of box and class as detections, boxes in pixels of the image."""
        probabilities = (cosines_KC / self.temperature).softmax(dim=1).flatten()
        scores, places = probabilities.topk(min(self.max_per_img, len(probabilities)))
        rows, labels = places // cosines_KC.size(1), places % cosines_KC.size(1)
        return InstanceData(bboxes=boxes[rows], scores=scores, labels=labels)
