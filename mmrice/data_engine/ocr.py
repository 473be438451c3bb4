"""OCR: where an image has text, and what it says."""
import functools
import importlib.metadata
import importlib.util
import logging
from pathlib import Path
from typing import Any, Dict, List, Optional

import cv2
import numpy as np

from mmrice.compat import install_hint
from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from .boxes import clip_boxes, fits
from .workspace import file_digest

# RapidOCR enlarges the shorter edge to det_edge whatever that makes of the longer one: an image of 300 x 1 px took 9 GB
# and two minutes. It pads wide images itself, in black, beside which it missed words that it reads beside white.
_MAX_ASPECT = 8


def pad_to_aspect(image: np.ndarray, max_aspect: int) -> np.ndarray:
    """Repeat the last row or column until the longer edge is at most ``max_aspect`` times the shorter one.

    Args:
        image: uint8, shape (H, W, 3); its pixels keep their places.
        max_aspect: 1 or more.
    """
    height, width = image.shape[:2]
    bottom, right = max(0, -(-width // max_aspect) - height), max(0, -(-height // max_aspect) - width)
    return cv2.copyMakeBorder(image, 0, bottom, 0, right, cv2.BORDER_REPLICATE) if bottom or right else image


@ENGINE_STAGES.register_module()
class RapidOCRReader:
    """Text lines read by RapidOCR, whose wheel brings its PP-OCR models; nothing is downloaded.

    Of an image longer than 2,000 px a copy of 2,000 px is read. Lines that stand on their head are not turned.

    Args:
        min_score: Lines read with no more confidence than this are left out (the paper: 0.7).
        min_edge: Least shorter side of a line's box, px.
        det_edge: The shorter edge of the image is enlarged to this for finding text, px. RapidOCR's own default is 736;
            480 took a third of its time on 256-px images and read the same words.
        num_threads: onnxruntime's threads in each worker.
        det_model: Path of another detection model (ONNX); None takes the wheel's.
        rec_model: Path of another recognition model (ONNX); None takes the wheel's.
        rec_keys: Path of the characters that ``rec_model`` knows, one a line, where its file does not hold them.

    Example:
        >>> RapidOCRReader()(image)
        [{'box': [15.0, 51.0, 194.0, 89.0], 'text': 'hello world', 'score': 0.99}]
    """
    version = 2

    def __init__(self, min_score: float = 0.7, min_edge: float = 8, det_edge: int = 480, num_threads: int = 1,
                 det_model: Optional[str] = None, rec_model: Optional[str] = None,
                 rec_keys: Optional[str] = None) -> None:
        for package in ('rapidocr', 'onnxruntime'):
            if importlib.util.find_spec(package) is None:
                raise UserError(f'engine.ocr needs {package}, which is not installed. {install_hint(package)} '
                                'Without OCR regions: --cfg-options engine.ocr=None')
        if not 0 <= min_score <= 1:
            raise UserError(f'engine.ocr.min_score is {min_score}, expected a confidence from 0 to 1.')
        self.min_score, self.min_edge, self.det_edge, self.num_threads = min_score, min_edge, det_edge, num_threads
        given = {'det_model': det_model, 'rec_model': rec_model, 'rec_keys': rec_keys}
        self.files = {name: Path(path).expanduser() for name, path in given.items() if path is not None}
        for name, path in self.files.items():
            if not path.is_file():
                raise UserError(f'engine.ocr.{name}: {path}: no such file. Leave it out for what is in the wheel.')

    def fingerprint(self) -> List[str]:
        """RapidOCR's version, which stands for its code and models, and digests of the given files."""
        return [importlib.metadata.version('rapidocr'),
                *(f'{name} {file_digest(path)}' for name, path in self.files.items())]

    @functools.cached_property
    def _engine(self) -> Any:
        """Loaded at first use."""
        from rapidocr import RapidOCR
        for name in {'det_model', 'rec_model'}.intersection(self.files):
            self._check_model(name)
        keys = {'det_model': 'Det.model_path', 'rec_model': 'Rec.model_path', 'rec_keys': 'Rec.rec_keys_path'}
        engine = RapidOCR(params={
            'Global.log_level': 'error', 'Global.use_cls': False, 'Global.text_score': 0,
            'EngineConfig.onnxruntime.intra_op_num_threads': self.num_threads,
            'EngineConfig.onnxruntime.inter_op_num_threads': 1,
            'Det.limit_side_len': self.det_edge, 'Det.limit_type': 'min',
            **{keys[name]: str(path) for name, path in self.files.items()}})
        logging.getLogger('RapidOCR').setLevel(logging.ERROR)
        return engine

    def _check_model(self, name: str) -> None:
        """RapidOCR would fetch the characters of a model that does not hold them."""
        import onnxruntime
        try:
            model = onnxruntime.InferenceSession(str(self.files[name]), providers=['CPUExecutionProvider'])
        except Exception as error:  # onnxruntime has a class for each error, and no common one
            raise UserError(f'engine.ocr.{name}: {self.files[name]}: cannot be loaded as an ONNX model ({error}).'
                            ) from error
        if name == 'rec_model' and 'rec_keys' not in self.files and \
                'character' not in model.get_modelmeta().custom_metadata_map:
            raise UserError(f'engine.ocr.rec_model: {self.files[name]}: does not hold the characters that it knows. '
                            'Give a text file with one a line as engine.ocr.rec_keys.')

    def __call__(self, image: np.ndarray) -> List[Dict[str, Any]]:
        """Read one image.

        Args:
            image: RGB, uint8, shape (H, W, 3).

        Returns:
            list: For each line ``box`` (xyxy px, hull of the quadrilateral, inside the image), ``text``, ``score``.
        """
        found = self._engine(np.ascontiguousarray(pad_to_aspect(image, _MAX_ASPECT)[..., ::-1]))
        if found.boxes is None:
            return []
        corners = np.asarray(found.boxes, np.float32)
        boxes = clip_boxes(np.concatenate([corners.min(1), corners.max(1)], 1), image.shape[:2])
        keep = fits(boxes, image.shape[:2], self.min_edge) & (np.asarray(found.scores) > self.min_score)
        return [{'box': boxes[i].tolist(), 'text': found.txts[i], 'score': round(float(found.scores[i]), 4)}
                for i in np.flatnonzero(keep)]
