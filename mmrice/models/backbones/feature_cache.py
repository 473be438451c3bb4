"""Features of images on disk, found by the pixels that they belong to."""
from hashlib import blake2b
from pathlib import Path
from typing import Callable, List, Optional, Sequence, Tuple

import torch
from torch import Tensor, nn

from mmrice.utils import UserError, atomic_path

Features = Tuple[Tensor, ...]


def _digest(tensors: Sequence[Tensor], more: str = '') -> str:
    state = blake2b(more.encode(), digest_size=16)
    for tensor in tensors:
        state.update(f'{tensor.dtype}{tuple(tensor.shape)}'.encode())
        state.update(tensor.detach().contiguous().cpu().view(torch.uint8).numpy())
    return state.hexdigest()


class FeatureCache:
    """One ``.safetensors`` file an image below a folder that belongs to one set of weights and kind of output.

    Args:
        folder: Where; a folder for each set of weights is made in it.
        dtype: On disk: 'float16', 'bfloat16' or 'float32'.
        outputs: What else features depend on, such as layers and type of output. Defaults to ''.

    Raises:
        UserError: Unknown dtype.
    """

    def __init__(self, folder: str, dtype: str = 'float16', outputs: str = '') -> None:
        if dtype not in ('float16', 'bfloat16', 'float32'):
            raise UserError(f'FrozenBackbone: cache_dtype is {dtype!r}, expected float16, bfloat16 or float32.')
        self.folder, self.dtype = Path(folder), getattr(torch, dtype)
        self._outputs, self._weights = outputs, ''

    def fetch(self, network: nn.Module, images_B3HW: Tensor, compute: Callable[[Tensor], Features]) -> Features:
        """Read the features of a batch, or compute and keep those of the images that are new.

        Args:
            network: Whose weights name the folder; they must not change.
            images_B3HW: What enters it.
            compute: images -> features, each with the batch as first dimension.

        Returns:
            tuple: Features of the batch, in the dtype of the images; rounded to the dtype on disk, new ones as well, so
            that every pass sees the same values.
        """
        if not self._weights:
            self._weights = _digest([*network.parameters(), *network.buffers()], self._outputs)
        paths = [self._path(image) for image in images_B3HW]
        found = [self._read(path, images_B3HW.device) for path in paths]
        new = [number for number, features in enumerate(found) if features is None]
        if new:
            features = compute(images_B3HW[new])
            for place, number in enumerate(new):
                found[number] = self._write(paths[number], [level[place] for level in features])
        dtype = images_B3HW.dtype
        return tuple(torch.stack([one[level] for one in found]).to(dtype) for level in range(len(found[0])))

    def _path(self, image: Tensor) -> Path:
        name = _digest([image])
        return self.folder / self._weights / name[:2] / f'{name}.safetensors'

    @staticmethod
    def _read(path: Path, device: torch.device) -> Optional[List[Tensor]]:
        from safetensors import SafetensorError
        from safetensors.torch import load_file
        try:
            levels = load_file(path, device=str(device))
        except (OSError, SafetensorError):  # there is none, or it is damaged and made anew
            return None
        return [levels[str(level)] for level in range(len(levels))]

    def _write(self, path: Path, levels: List[Tensor]) -> List[Tensor]:
        from safetensors.torch import save_file
        rounded = [level.to(self.dtype) for level in levels]
        with atomic_path(path) as temporary:
            save_file({str(n): level.cpu().contiguous() for n, level in enumerate(rounded)}, temporary)
        return rounded
