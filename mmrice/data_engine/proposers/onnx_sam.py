"""Boxes of the masks of a SAM in two ONNX files."""
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
from PIL import Image

from mmrice.compat import install_hint
from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from ..local_sam import Encoded, first_line
from .point_grid import PointGridProposer

_INPUTS = ('image_embeddings', 'point_coords', 'point_labels', 'mask_input', 'has_mask_input')
_OPTIONAL_INPUTS = ('orig_im_size',)
_OUTPUTS = ('iou_predictions', 'low_res_masks')
_TYPES = {'tensor(float)': np.float32, 'tensor(float16)': np.float16, 'tensor(double)': np.float64,
          'tensor(uint8)': np.uint8, 'tensor(int32)': np.int32, 'tensor(int64)': np.int64}


def onnx_files(path: Path) -> List[Path]:
    """An ONNX file and the files of weights beside it whose names start with its stem, sorted.

    Raises:
        UserError: There is no such file.
    """
    if not path.is_file():
        raise UserError(f'{path}: no such file. engine.propose takes local ONNX files, nothing is downloaded.')
    return sorted(child for child in path.parent.iterdir() if child.is_file() and child.name.startswith(path.stem))


def open_session(path: Path, device: Any, num_threads: int) -> Any:
    """Open an ONNX file with onnxruntime.

    Args:
        path: The file.
        device: ``torch.device``.
        num_threads: On a CPU.

    Raises:
        UserError: onnxruntime or its GPU build is missing, or it cannot read the file.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise UserError(f'mmrice.ONNXSAMProposer needs onnxruntime. {install_hint("onnxruntime")}') from error
    onnx_files(path)
    providers: List[Any] = ['CPUExecutionProvider']
    if device.type == 'cuda' and 'CUDAExecutionProvider' in onnxruntime.get_available_providers():
        providers.insert(0, ('CUDAExecutionProvider', {'device_id': device.index}))
    elif device.type != 'cpu':
        raise UserError(f"engine.propose.device is '{device}', but this onnxruntime runs on 'cpu' alone. For 'cuda', "
                        'put onnxruntime-gpu in its place.')
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = num_threads, 1, 4
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # its errors share no base class
        raise UserError(f'{path}: onnxruntime cannot open it: {first_line(error)}') from error


def image_layout(shape: Sequence[Any], path: Path) -> Tuple[str, Optional[int], Optional[int]]:
    """How an image encoder wants its image.

    Args:
        shape: Of its input: numbers, or names where any size will do.
        path: Of the model, for messages.

    Returns:
        tuple: 'HWC', 'NHWC' or 'NCHW', and height and width, None where any will do.

    Raises:
        UserError: No axis is that of three channels.
    """
    for layout in ('HWC', 'NHWC', 'NCHW'):
        if len(shape) == len(layout) and shape[layout.index('C')] == 3:
            height, width = (shape[layout.index(axis)] for axis in 'HW')
            return (layout, *(edge if isinstance(edge, int) else None for edge in (height, width)))
    raise UserError(f'{path}: its input has the shape {list(shape)}, expected an image as [height, width, 3], '
                    '[1, height, width, 3] or [1, 3, height, width].')


@ENGINE_STAGES.register_module()
class ONNXSAMProposer(PointGridProposer):
    """Boxes of the masks of a SAM that was exported to ONNX: no transformers, and quantised models run too.

    The decoder is what ``export_onnx_model.py`` of Segment Anything writes (so do MobileSAM's copy of it and
    samexporter). Only its coarse masks are used: in some exports the enlarged ones fit the shape of one photo alone. It
    takes one point at a time, unless its ``point_coords`` were exported with a free first axis.

    The encoder takes one image, resized to fill the upper left of H x W (1024 x 1024 where these are free). It gets it
    normalised as ``[1, 3, H, W]``, in 0..255 as ``[H, W, 3]`` or ``[1, H, W, 3]``. The rest is filled up, except for
    ``[H, W, 3]`` with free H and W: such encoders do so themselves.

    Args:
        encoder: Path of the image encoder; one input, ``image_embeddings`` or the first output is taken.
        decoder: Path of the prompt encoder and mask decoder.
        normalise: Whether the image is normalised before it goes in; None decides as above.
        mean: Of the RGB channels, 0..255.
        std: Of the RGB channels, 0..255.
        **kwargs: Points, thresholds, crops and device ('cuda' needs onnxruntime-gpu) of
            :class:`~mmrice.data_engine.proposers.point_grid.PointGridProposer`; sizes, overlap and number of
            :class:`~mmrice.data_engine.proposers.base.Proposer`.

    Example:
        >>> boxes, scores, _ = ONNXSAMProposer('mobile_sam.encoder.onnx', 'mobile_sam.decoder.onnx')(image, {})
    """

    def __init__(self, encoder: str, decoder: str, normalise: Optional[bool] = None,
                 mean: Sequence[float] = (123.675, 116.28, 103.53), std: Sequence[float] = (58.395, 57.12, 57.375),
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.encoder, self.decoder = Path(encoder).expanduser(), Path(decoder).expanduser()
        self.normalise = normalise
        self.mean, self.std = np.array(mean, np.float32), np.array(std, np.float32)
        self._encoder = self._decoder = None

    def fingerprint(self) -> List[str]:
        """Contents of both models."""
        from ..encoders.files import digests
        return digests([*onnx_files(self.encoder), *onnx_files(self.decoder)])

    def _load(self) -> None:
        encoder, decoder = (open_session(path, self.worker_device(), self.num_threads)
                            for path in (self.encoder, self.decoder))
        images, outputs = encoder.get_inputs(), [output.name for output in encoder.get_outputs()]
        if len(images) != 1:
            raise UserError(f'{self.encoder}: its inputs are {", ".join(one.name for one in images)}, expected one, '
                            'the image. Are engine.propose.encoder and engine.propose.decoder swapped?')
        self._image, self._embedding = images[0], outputs[0]
        if 'image_embeddings' in outputs:
            self._embedding = 'image_embeddings'
        self._layout, *self._edges = image_layout(images[0].shape, self.encoder)
        self._inputs = {one.name: one for one in decoder.get_inputs()}
        missing = [name for name in _INPUTS if name not in self._inputs]
        missing += [name for name in _OUTPUTS if name not in [output.name for output in decoder.get_outputs()]]
        unknown = [name for name in self._inputs if name not in (*_INPUTS, *_OPTIONAL_INPUTS)]
        if missing or unknown:
            problem = f'has no {", ".join(missing)}' if missing else f'wants {", ".join(unknown)} too'
            raise UserError(f'{self.decoder}: {problem}; expected the inputs {", ".join(_INPUTS + _OPTIONAL_INPUTS)} '
                            f'and the outputs {", ".join(_OUTPUTS)} of a SAM decoder, as export_onnx_model.py of '
                            'segment-anything writes it. For a SAM2, use mmrice.SAMProposer.')
        mask = self._inputs['mask_input'].shape
        # Coarse masks have a quarter of the model's resolution.
        self._frame = tuple(4 * edge if isinstance(edge, int) else 1024 for edge in mask[2:])
        self._batch = self.points_per_batch if not isinstance(self._inputs['point_coords'].shape[0], int) else 1
        self._encoder, self._decoder = encoder, decoder

    def encode(self, image: np.ndarray) -> Encoded:
        """See :meth:`PointGridProposer.encode`."""
        if self._encoder is None:
            self._load()
        size = image.shape[:2]
        room = [edge or self._frame[axis] for axis, edge in enumerate(self._edges)]
        ratio = min(limit / edge for limit, edge in zip(room, size))
        content = tuple(max(1, min(int(edge * ratio + 0.5), limit)) for limit, edge in zip(room, size))
        # Pillow's filter, with which SAM's training images were resized.
        pixels = np.asarray(Image.fromarray(image).resize(content[::-1], Image.BILINEAR))
        normalise = self._layout == 'NCHW' if self.normalise is None else self.normalise
        if normalise:
            pixels = (pixels.astype(np.float32) - self.mean) / self.std
        if self._layout != 'HWC' or None not in self._edges:
            canvas = np.empty((*room, 3), pixels.dtype)
            canvas[:] = 0 if normalise else self.mean.round()
            canvas[:content[0], :content[1]] = pixels
            pixels = canvas
        pixels = {'HWC': pixels, 'NHWC': pixels[None], 'NCHW': pixels.transpose(2, 0, 1)[None]}[self._layout]
        embedding = self._run(self._encoder, self.encoder, [self._embedding], {self._image.name: (self._image, pixels)})
        return Encoded(embedding[0], size, content, self._frame)

    def decode(self, encoded: Encoded, points_P2: np.ndarray) -> Tuple[Any, Any]:
        """See :meth:`PointGridProposer.decode`."""
        import torch
        logits, ious = [], []
        for start in range(0, len(points_P2), self._batch):
            points = points_P2[start:start + self._batch, None]
            values = {
                'image_embeddings': encoded.embedding,
                # The export wants a second point with the label -1 where there is no box.
                'point_coords': np.concatenate([points, np.zeros_like(points)], 1),
                'point_labels': np.tile([[1, -1]], (len(points), 1)),
                'mask_input': np.zeros((1, 1, self._frame[0] // 4, self._frame[1] // 4)),
                'has_mask_input': np.zeros(1),
                # For the enlarged masks, which are not used: the smaller, the faster.
                'orig_im_size': np.maximum(np.array(encoded.content) // 4, 1)}
            feed = {name: (wanted, values[name]) for name, wanted in self._inputs.items()}
            found = self._run(self._decoder, self.decoder, _OUTPUTS, feed)
            ious.append(torch.from_numpy(found[0]))
            logits.append(torch.from_numpy(found[1]))
        return torch.cat(logits), torch.cat(ious)

    @staticmethod
    def _run(session: Any, path: Path, outputs: Sequence[str], feed: Dict[str, Tuple[Any, np.ndarray]]) -> List[Any]:
        """Run a session on values, cast to what its inputs want."""
        arrays = {name: np.ascontiguousarray(value, _TYPES.get(wanted.type, np.float32))
                  for name, (wanted, value) in feed.items()}
        try:
            return session.run(list(outputs), arrays)
        except Exception as error:  # its errors share no base class
            shapes = ', '.join(f'{name} {list(array.shape)}' for name, array in arrays.items())
            raise UserError(f'{path}: onnxruntime failed on {shapes}: {first_line(error)}') from error
