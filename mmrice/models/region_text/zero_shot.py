"""ZeroShotClassifier: the class of an image by the names of the classes alone."""
from typing import Any, List, Optional, Sequence

import torch
import torch.nn.functional as F
from mmpretrain.models import BaseClassifier
from mmpretrain.structures import DataSample
from torch import Tensor

from mmrice.registry import MODELS
from mmrice.utils import UserError

from .class_names import Classes, ClassNames, Lines
from .texts import encode_texts, tokenizer_for


@MODELS.register_module()
class ZeroShotClassifier(ClassNames, BaseClassifier):
    """Zero-shot classification of CLIP: the cosine of an image with the name of every class.

    Names of the parts are those of :class:`mmrice.CLOC`, whose checkpoint fits. For MMPretrain's ``Accuracy``
    ``pred_score`` is softmax(cosines / T), which changes no order and is above 0. With ``multi_label`` an image shows
    any number of classes, and ``pred_score`` is (1 + cosine) / 2: a softmax would let the other classes of an image
    decide its place among images, on which ``AveragePrecision`` rests; a steep sigmoid would round the best to 1.

    Args:
        backbone (dict): The encoder; last of its outputs is the class token, shape (B, C).
        image_neck (dict): From the class token, in a tuple, to the embedding of the image; last of a tuple.
        text_encoder (dict): A :class:`mmrice.TextTransformer` with ``out_dims``.
        out_type (str): The type of the encoder's output, instead of that in ``backbone``. Defaults to 'cls_token'.
        classes (list | str, optional): Of each class its name, or a list of several, whose unit vectors are averaged;
            or a text file with a class a line, several names with '|' between them. Defaults to None: the names of the
            dataset, which :class:`mmrice.DatasetClassesHook` hands over.
        templates (list | str): Texts in which '{}' stands for the name, or a text file with one a line; the unit
            vectors of several are averaged. Defaults to ('{}', ).
        temperature (float): T. Defaults to 0.01, where CLIP's ends.
        multi_label (bool): Score each class by itself, for MMPretrain's ``AveragePrecision`` and
            ``VOCAveragePrecision`` on multi-label data such as :class:`mmrice.CocoTags`. Defaults to False.
        vocab_path (str, optional): Merges of another byte-pair tokenizer. Defaults to None: CLIP's.
        hf_tokenizer (str, optional): Folder of a Hugging Face tokenizer instead. Defaults to None.
        data_preprocessor (dict, optional): Defaults to None, MMPretrain's ``ClsDataPreprocessor``.
        init_cfg (dict, optional): Weights to load. Defaults to None.

    Raises:
        UserError: A file of names or templates cannot be read.
    """

    def __init__(self,
                 backbone: dict,
                 image_neck: dict,
                 text_encoder: dict,
                 out_type: str = 'cls_token',
                 classes: Optional[Classes] = None,
                 templates: Lines = ('{}', ),
                 temperature: float = 0.01,
                 multi_label: bool = False,
                 vocab_path: Optional[str] = None,
                 hf_tokenizer: Optional[str] = None,
                 data_preprocessor: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        preprocessor = {'type': 'mmpretrain.ClsDataPreprocessor', **(data_preprocessor or {})}
        super().__init__(init_cfg, preprocessor)
        self.backbone = MODELS.build({**backbone, 'out_type': out_type})
        self.text_encoder = MODELS.build(text_encoder)
        self.image_neck = MODELS.build({'_scope_': 'mmpretrain', **image_neck})
        self.init_classes(classes, templates)
        self.tokenizer = tokenizer_for(self.text_encoder, vocab_path, hf_tokenizer)
        self.temperature, self.multi_label = temperature, multi_label

    def forward(self, inputs: Tensor, data_samples: Optional[List[DataSample]] = None, mode: str = 'tensor') -> Any:
        """Embeddings ('tensor') or classes ('predict') of images of shape (B, 3, H, W).

        Raises:
            UserError: Another mode: there is nothing to train.
        """
        if mode == 'tensor':
            return self.extract_feat(inputs)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        raise UserError('ZeroShotClassifier has nothing to train. Test it: tools/test.py CONFIG CHECKPOINT.')

    def extract_feat(self, inputs: Tensor) -> Tensor:
        """Unit vectors of images, float32, shape (B, D)."""
        return F.normalize(self.image_neck((self.backbone(inputs)[-1], ))[-1].float(), dim=1)

    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        """Unit vectors of N texts, float32, shape (N, D)."""
        device = next(self.text_encoder.parameters()).device
        return encode_texts(self.text_encoder, self.tokenizer, texts, device)

    def predict(self, inputs: Tensor, data_samples: Optional[List[DataSample]] = None) -> List[DataSample]:
        """Set ``pred_score`` and ``pred_label``, the best class."""
        images, vectors = self.extract_feat(inputs), self.class_vectors()
        with torch.autocast(images.device.type, enabled=False):
            cosines = images @ vectors.T
        scores = (1 + cosines) / 2 if self.multi_label else (cosines / self.temperature).softmax(dim=1)
        samples = list(data_samples) if data_samples is not None else [DataSample() for _ in inputs]
        for sample, score in zip(samples, scores):
            sample.set_pred_score(score).set_pred_label(score.argmax().view(1))
        return samples
