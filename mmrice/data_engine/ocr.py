"""OCR: where an image has text, and what it says."""
import importlib.util
import logging
from typing import Any, Dict, List, Optional

import numpy as np

from mmrice.compat import install_hint
from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from .boxes import clip_boxes, fits


@ENGINE_STAGES.register_module()
class RapidOCRReader:
    """Text lines read by RapidOCR, whose wheel brings its PP-OCR models; nothing is downloaded.

    Args:
        min_score: Lines read with less confidence are left out (the paper: 0.7).
        min_edge: Least shorter side of a line's box, px.
        det_edge: The shorter edge of the image is enlarged to this for finding text, px. RapidOCR's own default is 736;
            480 took a third of its time on 256-px images and read the same words.
        num_threads: onnxruntime's threads in each worker.
        det_model: Path of another detection model (ONNX); None takes the wheel's.
        rec_model: Path of another recognition model (ONNX); None takes the wheel's.

    Example:
        >>> RapidOCRReader()(image)
        [{'box': [15.0, 51.0, 194.0, 89.0], 'text': 'hello world', 'score': 0.99}]
    """
    version = 1

    def __init__(self, min_score: float = 0.7, min_edge: float = 8, det_edge: int = 480, num_threads: int = 1,
                 det_model: Optional[str] = None, rec_model: Optional[str] = None) -> None:
        if importlib.util.find_spec('rapidocr') is None:
            raise UserError(f'engine.ocr needs rapidocr, which is not installed. {install_hint("rapidocr")} '
                            'Without OCR regions: --cfg-options engine.ocr=None')
        self.min_score, self.min_edge = min_score, min_edge
        self.params: Dict[str, Any] = {
            'Global.log_level': 'error', 'Global.use_cls': False, 'Global.text_score': min_score,
            'EngineConfig.onnxruntime.intra_op_num_threads': num_threads,
            'EngineConfig.onnxruntime.inter_op_num_threads': 1,
            'Det.limit_side_len': det_edge, 'Det.limit_type': 'min'}
        for name, model in (('Det', det_model), ('Rec', rec_model)):
            if model is not None:
                self.params[f'{name}.model_path'] = model
        self._engine = None

    def __call__(self, image: np.ndarray) -> List[Dict[str, Any]]:
        """Read one image.

        Args:
            image: RGB, uint8, shape (H, W, 3).

        Returns:
            list: For each line ``box`` (xyxy px, hull of the quadrilateral, inside the image), ``text``, ``score``.
        """
        if self._engine is None:
            from rapidocr import RapidOCR
            self._engine = RapidOCR(params=self.params)
            logging.getLogger('RapidOCR').setLevel(logging.ERROR)
        found = self._engine(np.ascontiguousarray(image[..., ::-1]))
        if found.boxes is None:
            return []
        corners = np.asarray(found.boxes, np.float32)
        boxes = clip_boxes(np.concatenate([corners.min(1), corners.max(1)], 1), image.shape[:2])
        keep = fits(boxes, image.shape[:2], self.min_edge) & (np.asarray(found.scores) > self.min_score)
        return [{'box': boxes[i].tolist(), 'text': found.txts[i], 'score': round(float(found.scores[i]), 4)}
                for i in np.flatnonzero(keep)]
