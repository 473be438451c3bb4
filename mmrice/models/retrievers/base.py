"""BankModel: what kNN and retrieval have in common."""
from typing import Any, List, Optional, Sequence

import torch
import torch.nn.functional as F
from mmengine.runner import Runner
from mmpretrain.models import BaseRetriever
from mmpretrain.structures import DataSample
from mmpretrain.utils import track_on_main_process
from torch import Tensor

from mmrice.registry import MODELS
from mmrice.utils import UserError

from .bank import Bank, build_bank


class BankModel(BaseRetriever):
    """An encoder that answers for an image by the images of a bank; nothing is trained.

    The bank is computed when the first image is asked for, in the precision of the loop (``test_cfg=dict(fp16=True)``),
    and again where MMPretrain's ``PrepareProtoBeforeValLoopHook`` asks for it.

    Args:
        backbone (dict): The encoder; the last of its outputs, shape (B, C), is the feature of an image.
        prototype (dict): Loader of the bank, as a ``test_dataloader``.
        out_type (str): The type of the encoder's output, instead of that in ``backbone``. Defaults to 'cls_token'.
        bank_dtype (str): In which features are kept, 'float32' or 'float16'; cosines are computed in float32. Defaults
            to 'float32'.
        data_preprocessor (dict, optional): Defaults to None, MMPretrain's ``ClsDataPreprocessor``.
        init_cfg (dict, optional): Not used; the backbone has its own. Defaults to None.

    Raises:
        UserError: Another ``bank_dtype``.
    """

    def __init__(self, backbone: dict, prototype: dict, out_type: str = 'cls_token', bank_dtype: str = 'float32',
                 data_preprocessor: Optional[dict] = None, init_cfg: Optional[dict] = None) -> None:
        if bank_dtype not in ('float32', 'float16'):
            raise UserError(f'{type(self).__name__}: bank_dtype is {bank_dtype!r}, expected float32 or float16.')
        preprocessor = {'type': 'mmpretrain.ClsDataPreprocessor', **(data_preprocessor or {})}
        super().__init__(prototype, preprocessor, init_cfg)
        self.backbone = MODELS.build({**backbone, 'out_type': out_type})
        self.bank_dtype = getattr(torch, bank_dtype)
        self.bank: Optional[Bank] = None

    def forward(self, inputs: Tensor, data_samples: Optional[List[DataSample]] = None, mode: str = 'tensor') -> Any:
        """Features ('tensor') or answers ('predict') for images of shape (B, 3, H, W).

        Raises:
            UserError: Another mode: there is nothing to train.
        """
        if mode == 'tensor':
            return self.extract_feat(inputs)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        raise UserError(f'{type(self).__name__} has nothing to train. Test it: tools/test.py CONFIG CHECKPOINT.')

    def extract_feat(self, inputs: Tensor) -> Tensor:
        """Unit vectors of images, shape (B, C), float32.

        Raises:
            UserError: The backbone gives maps or sequences.
        """
        features = self.backbone(inputs)[-1]
        if features.dim() != 2:
            raise UserError(f'{type(self).__name__}: the backbone gives features of shape {tuple(features.shape)}, '
                            "expected (B, C). Set model.out_type to 'cls_token' or 'avg_featmap'.")
        return F.normalize(features.float(), dim=1)

    def prepare_prototype(self) -> None:
        """Compute the bank."""
        self.eval()
        loader = Runner.build_dataloader(self.prototype)
        self.bank = build_bank(lambda batch: self.extract_feat(self.data_preprocessor(batch)['inputs']),
                               track_on_main_process(loader, 'Features of the bank'), len(loader.dataset),
                               self.bank_dtype)
        self.prototype_inited = True

    def predict(self, inputs: Tensor, data_samples: Optional[Sequence[DataSample]] = None,
                **kwargs: Any) -> List[DataSample]:
        """Answer for images by the bank; fields are set in the data samples."""
        if not self.prototype_inited:
            self.prepare_prototype()
        samples = list(data_samples) if data_samples is not None else [DataSample() for _ in inputs]
        return self.match(self.extract_feat(inputs), samples)

    def match(self, features_BC: Tensor, samples: List[DataSample]) -> List[DataSample]:
        """Compare features with the bank and set fields of the data samples."""
        raise NotImplementedError
