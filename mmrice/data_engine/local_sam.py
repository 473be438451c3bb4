"""A SAM or SAM2 of Hugging Face in a local folder; nothing is downloaded."""
import json
from pathlib import Path
from typing import Any, List, NamedTuple, Optional, Tuple

import numpy as np

from mmrice.compat import install_hint
from mmrice.utils import UserError

_CLASSES = {'sam': 'SamModel', 'sam2': 'Sam2Model', 'sam2_video': 'Sam2Model'}  # by model_type in config.json
_DTYPES = ('float32', 'float16', 'bfloat16')


class Encoded(NamedTuple):
    """One image as a mask decoder takes it.

    Attributes:
        embedding: Of the image, whatever the decoder wants.
        size: Height and width of the image, px.
        content: Height and width of the image in the model's input, px.
        frame: Height and width of the model's input, px, where the image fills only its upper left part; else None.
    """
    embedding: Any
    size: Tuple[int, int]
    content: Tuple[int, int]
    frame: Optional[Tuple[int, int]]


def first_line(error: Exception) -> str:
    """What went wrong in another library, short enough for a message."""
    return (str(error).strip() or repr(error)).splitlines()[0]


def model_type(folder: Path, where: str = 'engine.propose.model') -> str:
    """Which kind of SAM a model directory holds: 'sam', 'sam2' or 'sam2_video'.

    Args:
        folder: As ``save_pretrained`` writes it.
        where: Its place in the config, for messages.

    Raises:
        UserError: The folder is missing, has no readable ``config.json``, or holds another model.
    """
    if not folder.is_dir():
        raise UserError(f'{folder}: no such folder. {where} is a local model directory as save_pretrained writes '
                        'it; nothing is downloaded.')
    path = folder / 'config.json'
    if not path.is_file():
        found = ', '.join(sorted(child.name for child in folder.iterdir())[:5]) or 'nothing'
        raise UserError(f'{path}: no such file, so {folder} is no Hugging Face model directory. It holds {found}.')
    try:
        found = json.loads(path.read_text(encoding='utf-8'))['model_type']
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f'{path}: no model_type in it ({error!r}), so this is no Hugging Face model.') from error
    if found not in _CLASSES:
        raise UserError(f'{path}: model_type is {found!r}, expected {", ".join(_CLASSES)}. Take a SAM or SAM2 '
                        'of Hugging Face.')
    return found


def model_files(folder: Path, where: str = 'engine.propose.model') -> List[Path]:
    """Weights and settings of a model directory, sorted; ``where`` is its place in the config, for messages.

    Raises:
        UserError: It has no weights, or is no SAM; see :func:`model_type`.
    """
    model_type(folder, where)
    weights = sorted(folder.glob('model*.safetensors')) or sorted(folder.glob('pytorch_model*.bin'))
    if not weights:
        raise UserError(f'{folder}: neither model*.safetensors nor pytorch_model*.bin in it: the weights are missing.')
    return sorted([*folder.glob('*.json'), *weights])


class LocalSAM:
    """The model with its image processor, read at first use.

    Args:
        path: Local directory of a SAM or SAM2 with its image processor, as ``save_pretrained`` writes it.
        where: The path's place in the config, for messages, e.g. 'engine.propose.model'.
        device: 'cpu', 'cuda' or 'cuda:1', see :func:`~mmrice.data_engine.encoders.devices.worker_device`.
        dtype: 'float32', 'bfloat16', or on a GPU 'float16'.
    """

    def __init__(self, path: str, where: str, device: str, dtype: str) -> None:
        self.folder, self.where, self.part = Path(path).expanduser(), where, where.rpartition('.')[0]
        if dtype not in _DTYPES:
            raise UserError(f'{self.part}.dtype is {dtype!r}, expected one of {", ".join(_DTYPES)}.')
        if dtype == 'float16' and device == 'cpu':
            raise UserError(f"{self.part}.dtype is 'float16', which is for GPUs. Set it to 'bfloat16' or 'float32', or "
                            f"{self.part}.device to 'cuda'.")
        self.device, self.dtype = device, dtype
        self.kind, self.network, self.processor = '', None, None

    def fingerprint(self) -> List[str]:
        """Contents of the weights and settings."""
        from .encoders.files import digests
        return digests(model_files(self.folder, self.where))

    def load(self) -> None:
        """Read the model, if that is not done.

        Raises:
            UserError: transformers is missing, or the folder cannot be read.
        """
        if self.network is not None:
            return
        model_files(self.folder, self.where)
        try:
            import transformers
        except ModuleNotFoundError as error:
            raise UserError(f'{self.part} needs transformers. {install_hint("transformers")}') from error
        import torch

        from .encoders.devices import worker_device
        device, kind = worker_device(self.device, self.part), model_type(self.folder, self.where)
        try:
            network, found = getattr(transformers, _CLASSES[kind]).from_pretrained(
                self.folder, local_files_only=True, output_loading_info=True)
            # SAM was trained on images that Pillow had resized, SAM2 has only the processor that uses torchvision.
            self.processor = transformers.AutoImageProcessor.from_pretrained(self.folder, local_files_only=True,
                                                                             use_fast=kind != 'sam')
        except Exception as error:  # its loaders raise all kinds
            raise UserError(f'{self.folder}: cannot be read as {_CLASSES[kind]}: {first_line(error)}') from error
        if found['missing_keys']:
            raise UserError(f'{self.folder}: {len(found["missing_keys"])} weights of {_CLASSES[kind]} are not in it, '
                            f'first {sorted(found["missing_keys"])[0]!r}.')
        self.kind = kind
        self.network = network.to(device, getattr(torch, self.dtype)).eval()

    def encode(self, image: np.ndarray) -> Encoded:
        """Run the image encoder on an RGB image, uint8, shape (H, W, 3)."""
        self.load()
        inputs = self.processor(images=image, input_data_format='channels_last', return_tensors='pt')
        pixels = inputs['pixel_values'].to(self.network.device, self.network.dtype)
        embedding = self.network.get_image_embeddings(pixels)
        frame = tuple(pixels.shape[-2:])
        if self.kind != 'sam':
            return Encoded(embedding, image.shape[:2], frame, None)
        return Encoded(embedding, image.shape[:2], tuple(int(v) for v in inputs['reshaped_input_sizes'][0]), frame)
