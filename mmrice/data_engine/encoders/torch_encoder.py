"""Encoders that are models of torch."""
from contextlib import contextmanager
from typing import Any, Iterator, List, Optional, Sequence

import numpy as np

from mmrice.utils import UserError

from .base import Encoder
from .crops import crop_regions, normalise
from .devices import inference, worker_device

DTYPES = ('float32', 'bfloat16', 'float16')


class TorchEncoder(Encoder):
    """A model of torch, built at first use.

    Args:
        batch_size: See :class:`Encoder`.
        device: 'cpu'; 'cuda': with several workers, worker i takes GPU i modulo their number; or one GPU, 'cuda:1'.
        dtype: Of matrix products, by autocast: 'float32', 'bfloat16', or on a GPU 'float16'.
        num_threads: Of the model on a CPU. Part of the config: with another number of threads sums may differ in the
            last bit, and a build must not depend on how many workers it has.
    """

    def __init__(self, batch_size: int = 64, device: str = 'cpu', dtype: str = 'float32', num_threads: int = 1) -> None:
        super().__init__(batch_size)
        if dtype not in DTYPES:
            raise UserError(f'engine.embed.dtype is {dtype!r}, expected {", ".join(DTYPES)}.')
        if dtype == 'float16' and device == 'cpu':
            raise UserError("engine.embed.dtype is 'float16', which is for GPUs. Set it to 'bfloat16' or 'float32', or "
                            "engine.embed.device to 'cuda'.")
        if num_threads < 1:
            raise UserError(f'engine.embed.num_threads is {num_threads}, expected 1 or more.')
        self.device, self.dtype, self.num_threads = device, dtype, num_threads
        self._network = None

    def build(self) -> Any:
        """Build the model with its weights (an ``nn.Module``)."""
        raise NotImplementedError

    def load(self) -> Any:
        """The model on its device, in evaluation mode; built in the first call."""
        if self._network is None:
            self._device = worker_device(self.device)
            network = self.build().float().to(self._device).requires_grad_(False)
            network.eval()  # of MMPretrain's backbones it returns None
            self._network = network
        return self._network

    @contextmanager
    def running(self) -> Iterator[Any]:
        """Yield the device; threads, autocast and inference mode hold in the block."""
        import torch
        self.load()
        with inference(self.num_threads), torch.autocast(self._device.type, getattr(torch, self.dtype),
                                                         enabled=self.dtype != 'float32'):
            yield self._device


class CropEncoder(TorchEncoder):
    """A model that sees each region as a picture of its own: cut out, warped to a square, without context around it.

    Models trained on centre crops get the whole region, not its centre.

    Args:
        input_size: Side of the square, px; None takes the model's own.
        mean: Of the RGB channels, 0..255; None takes the model's own.
        std: Of the RGB channels, 0..255; None takes the model's own.
        pad: Context around a region, see :func:`.crops.crop_regions`.
        **kwargs: Of :class:`TorchEncoder`.
    """

    def __init__(self, input_size: Optional[int] = None, mean: Optional[Sequence[float]] = None,
                 std: Optional[Sequence[float]] = None, pad: float = 0., **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if pad < 0:
            raise UserError(f'engine.embed.pad is {pad}, expected a fraction of the box, 0 or more.')
        self.input_size, self.mean, self.std, self.pad = input_size, mean, std, pad

    def features(self, inputs: Any) -> Any:
        """Run the model on normalised crops, (N, 3, S, S) to (N, D)."""
        raise NotImplementedError

    def prepare(self, image: np.ndarray, boxes_K4: np.ndarray) -> np.ndarray:
        """Cut the regions out, shape (K, S, S, 3), uint8."""
        self.load()  # knows the size
        return crop_regions(image, boxes_K4, self.input_size, self.pad)

    def embed(self, prepared: List[np.ndarray]) -> np.ndarray:
        """Embed the crops of some images; see :meth:`Encoder.embed`."""
        with self.running() as device:
            features = self.features(to_input(np.concatenate(prepared), self.mean, self.std, device))
            return normalise(features.float().cpu().numpy())


def to_input(images_NHW3: np.ndarray, mean: Sequence[float], std: Sequence[float], device: Any) -> Any:
    """Normalise pictures on the device, (N, H, W, 3) uint8 to (N, 3, H, W) float32."""
    import torch
    pixels = torch.from_numpy(images_NHW3).to(device).permute(0, 3, 1, 2)
    mean, std = (torch.tensor(list(values), dtype=torch.float32, device=device)[:, None, None]
                 for values in (mean, std))
    return torch.empty(pixels.shape, device=device).copy_(pixels).sub_(mean).div_(std)
