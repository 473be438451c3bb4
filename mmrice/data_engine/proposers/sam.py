"""Boxes of the masks of a Hugging Face SAM or SAM2."""
import json
from pathlib import Path
from typing import Any, List, Tuple

import numpy as np

from mmrice.compat import install_hint
from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from .point_grid import Encoded, PointGridProposer, first_line

_CLASSES = {'sam': 'SamModel', 'sam2': 'Sam2Model', 'sam2_video': 'Sam2Model'}  # by model_type in config.json
_DTYPES = ('float32', 'float16', 'bfloat16')


def model_type(folder: Path) -> str:
    """Which kind of SAM a model directory holds: 'sam', 'sam2' or 'sam2_video'.

    Raises:
        UserError: The folder is missing, has no readable ``config.json``, or holds another model.
    """
    if not folder.is_dir():
        raise UserError(f'{folder}: no such folder. engine.propose.model is a local model directory as save_pretrained '
                        'writes it; nothing is downloaded.')
    path = folder / 'config.json'
    if not path.is_file():
        found = ', '.join(sorted(child.name for child in folder.iterdir())[:5]) or 'nothing'
        raise UserError(f'{path}: no such file, so {folder} is no Hugging Face model directory. It holds {found}.')
    try:
        found = json.loads(path.read_text(encoding='utf-8'))['model_type']
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f'{path}: no model_type in it ({error!r}), so this is no Hugging Face model.') from error
    if found not in _CLASSES:
        raise UserError(f'{path}: model_type is {found!r}, expected {", ".join(_CLASSES)}. mmrice.SAMProposer takes '
                        'the SAM and SAM2 models of Hugging Face.')
    return found


def model_files(folder: Path) -> List[Path]:
    """Weights and settings of a model directory, sorted.

    Raises:
        UserError: It has no weights, or is no SAM; see :func:`model_type`.
    """
    model_type(folder)
    weights = sorted(folder.glob('model*.safetensors')) or sorted(folder.glob('pytorch_model*.bin'))
    if not weights:
        raise UserError(f'{folder}: neither model*.safetensors nor pytorch_model*.bin in it: the weights are missing.')
    return sorted([*folder.glob('*.json'), *weights])


@ENGINE_STAGES.register_module()
class SAMProposer(PointGridProposer):
    """Boxes of the masks that Segment Anything finds everywhere in an image, as the paper has them.

    The model is called directly and not through the pipeline 'mask-generation' of transformers: that one (4.57.6) fails
    with crops, and places the points on SAM2's stretched image as if its aspect were kept.

    Args:
        model: Local directory of a SAM or SAM2 with its image processor, as ``save_pretrained`` writes it.
        dtype: Of the model: 'float32', 'bfloat16', or on a GPU 'float16'.
        **kwargs: Points, thresholds, crops and device of
            :class:`~mmrice.data_engine.proposers.point_grid.PointGridProposer`; sizes, overlap and number of
            :class:`~mmrice.data_engine.proposers.base.Proposer`.

    Example:
        >>> boxes, scores, _ = SAMProposer('weights/sam-vit-base', points_per_side=16)(image, {})
    """

    def __init__(self, model: str, dtype: str = 'float32', **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if dtype not in _DTYPES:
            raise UserError(f'engine.propose.dtype is {dtype!r}, expected one of {", ".join(_DTYPES)}.')
        if dtype == 'float16' and self.device == 'cpu':
            raise UserError("engine.propose.dtype is 'float16', which is for GPUs. Set it to 'bfloat16' or 'float32', "
                            "or engine.propose.device to 'cuda'.")
        self.model, self.dtype = Path(model).expanduser(), dtype
        self._kind, self._network, self._processor = '', None, None

    def fingerprint(self) -> List[str]:
        """Contents of the weights and settings."""
        from ..encoders.files import digests
        return digests(model_files(self.model))

    def _load(self) -> None:
        model_files(self.model)
        try:
            import transformers
        except ModuleNotFoundError as error:
            raise UserError(f'mmrice.SAMProposer needs transformers. {install_hint("transformers")}') from error
        import torch
        device, kind = self.worker_device(), model_type(self.model)
        try:
            network, found = getattr(transformers, _CLASSES[kind]).from_pretrained(
                self.model, local_files_only=True, output_loading_info=True)
            # SAM was trained on images that Pillow had resized, SAM2 has only the processor that uses torchvision.
            self._processor = transformers.AutoImageProcessor.from_pretrained(self.model, local_files_only=True,
                                                                              use_fast=kind != 'sam')
        except Exception as error:  # its loaders raise all kinds
            raise UserError(f'{self.model}: cannot be read as {_CLASSES[kind]}: {first_line(error)}') from error
        if found['missing_keys']:
            raise UserError(f'{self.model}: {len(found["missing_keys"])} weights of {_CLASSES[kind]} are not in it, '
                            f'first {sorted(found["missing_keys"])[0]!r}.')
        self._kind = kind
        self._network = network.to(device, getattr(torch, self.dtype)).eval()

    def encode(self, image: np.ndarray) -> Encoded:
        """See :meth:`PointGridProposer.encode`."""
        if self._network is None:
            self._load()
        inputs = self._processor(images=image, input_data_format='channels_last', return_tensors='pt')
        pixels = inputs['pixel_values'].to(self._network.device, self._network.dtype)
        embedding = self._network.get_image_embeddings(pixels)
        frame = tuple(pixels.shape[-2:])
        if self._kind != 'sam':
            return Encoded(embedding, image.shape[:2], frame, None)
        return Encoded(embedding, image.shape[:2], tuple(int(v) for v in inputs['reshaped_input_sizes'][0]), frame)

    def decode(self, encoded: Encoded, points_P2: np.ndarray) -> Tuple[Any, Any]:
        """See :meth:`PointGridProposer.decode`."""
        import torch
        points = torch.from_numpy(points_P2).to(self._network.device, torch.float32)[None, :, None]
        labels = torch.ones(points.shape[:3], dtype=torch.int64, device=points.device)
        found = self._network(image_embeddings=encoded.embedding, input_points=points, input_labels=labels,
                              multimask_output=True)
        return found.pred_masks[0], found.iou_scores[0]
