"""Encoders in Hugging Face's format."""
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Tuple

from mmrice.compat import install_hint
from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from .files import digests, existing, model_files, read_object
from .mmpretrain import IMAGENET_MEAN, IMAGENET_STD
from .torch_encoder import CropEncoder

CLIP_MEAN, CLIP_STD = (122.770938, 116.746012, 104.093735), (68.500532, 66.632159, 70.323163)
_HALF = (127.5, ) * 3


class _Family(NamedTuple):
    """The class that reads a model type, its output, and its mean and deviation where no file says them."""
    cls: str
    output: str
    mean: Tuple[float, float, float]
    std: Tuple[float, float, float]
    any_size: bool = False


_FAMILIES = {
    'clip': _Family('CLIPVisionModelWithProjection', 'image_embeds', CLIP_MEAN, CLIP_STD),
    'clip_vision_model': _Family('CLIPVisionModel', 'pooler_output', CLIP_MEAN, CLIP_STD),
    'siglip': _Family('SiglipVisionModel', 'pooler_output', _HALF, _HALF),
    'siglip_vision_model': _Family('SiglipVisionModel', 'pooler_output', _HALF, _HALF),
    'dinov2': _Family('Dinov2Model', 'pooler_output', IMAGENET_MEAN, IMAGENET_STD, True),
    'dinov2_with_registers': _Family('Dinov2WithRegistersModel', 'pooler_output', IMAGENET_MEAN, IMAGENET_STD, True),
    'mlcd_vision_model': _Family('MLCDVisionModel', 'pooler_output', CLIP_MEAN, CLIP_STD, True),
}


@ENGINE_STAGES.register_module()
class HuggingFaceEncoder(CropEncoder):
    """A vision model in a local folder of Hugging Face's format: CLIP, SigLIP, DINOv2, MLCD and RICE.

    The embedding is the model's own for an image: projected into the space of the texts for CLIP (where the folder has
    a projection), else the pooled output. The text tower is not loaded.

    Args:
        path: Folder with ``config.json``, weights and, if ``input_size``, ``mean`` and ``std`` are to come from it,
            ``preprocessor_config.json``; without one they are those that the model type is usually trained with.
        **kwargs: Of :class:`~.torch_encoder.CropEncoder`: ``input_size``, ``mean``, ``std``, ``pad``, ``batch_size``,
            ``device``, ``dtype``, ``num_threads``.

    Example:
        >>> embed = dict(type='mmrice.HuggingFaceEncoder', path='models/clip-vit-base-patch16', device='cuda')
    """

    def __init__(self, path: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.path, self._output = path, ''

    def fingerprint(self) -> List[str]:
        """Contents of the JSON files and weights of the folder."""
        return digests(model_files(existing(self.path, folder=True)))

    def build(self) -> Any:
        """Read the vision tower.

        Raises:
            UserError: transformers is missing, or the folder lacks weights or holds a model of another type.
        """
        try:
            import transformers
        except ModuleNotFoundError as error:
            raise UserError(f'mmrice.HuggingFaceEncoder needs transformers. {install_hint("transformers")}') from error
        folder = existing(self.path, folder=True)
        config = read_object(existing(str(folder / 'config.json')))
        family = _family(config, folder)
        vision = config.get('vision_config', config)
        self._output = family.output
        self._describe(folder, vision, family)
        options = {}
        if config['model_type'] == 'clip' and 'projection_dim' in config:
            options['projection_dim'] = config['projection_dim']
        level = transformers.logging.get_verbosity()
        transformers.logging.set_verbosity_error()  # weights of the text tower are left over
        try:
            network, report = getattr(transformers, family.cls).from_pretrained(
                folder, local_files_only=True, output_loading_info=True, **options)
        except (AttributeError, OSError, RuntimeError, ValueError) as error:
            reason = ' '.join(str(error).split())[:200]
            raise UserError(f'{folder}: cannot be read as {family.cls} ({reason}).') from error
        finally:
            transformers.logging.set_verbosity(level)
        if report['missing_keys']:
            missing = sorted(report['missing_keys'])
            raise UserError(f'{folder}: {len(missing)} weights of {family.cls} are not in it, first {missing[0]!r}. '
                            'config.json and weights do not belong together, or the folder is incomplete.')
        return network

    def _describe(self, folder: Path, vision: Dict[str, Any], family: _Family) -> None:
        """Fill in size, mean and standard deviation."""
        found = _preprocessor(folder)
        self.mean = self.mean or found.get('mean') or family.mean
        self.std = self.std or found.get('std') or family.std
        trained = vision.get('image_size')
        self.input_size = self.input_size or found.get('size') or trained
        if self.input_size is None:
            raise UserError(f'{folder}: no file says the image size. Set engine.embed.input_size.')
        if not family.any_size and trained is not None and self.input_size != trained:
            raise UserError(f'{folder}: the model has positions for {trained} px, but the crops would have '
                            f'{self.input_size} px. Set engine.embed.input_size to {trained}.')

    def features(self, inputs: Any) -> Any:
        """The embedding of each image, shape (N, D)."""
        return self.load()(pixel_values=inputs)[self._output]


def _family(config: Dict[str, Any], folder: Path) -> _Family:
    family = _FAMILIES.get(config.get('model_type'))
    if family is None:
        raise UserError(f'{folder}/config.json: model_type is {config.get("model_type")!r}, expected '
                        f'{", ".join(_FAMILIES)}.')
    if config['model_type'] == 'clip_vision_model' and 'WithProjection' in str(config.get('architectures')):
        family = _FAMILIES['clip']
    return family


def _preprocessor(folder: Path) -> Dict[str, Any]:
    """Mean and standard deviation (0..255) and side of a square input, as far as preprocessor_config.json says them."""
    path = folder / 'preprocessor_config.json'
    content = read_object(path) if path.is_file() else {}
    scale = content.get('rescale_factor', 1 / 255) if content.get('do_rescale', True) else 1.
    found = {name: tuple(value / scale for value in content[f'image_{name}']) for name in ('mean', 'std')
             if len(content.get(f'image_{name}') or ()) == 3}
    cropped = content.get('crop_size') if content.get('do_center_crop', True) else None
    size = cropped or content.get('size')
    if isinstance(size, dict):
        size = size.get('height', size.get('shortest_edge'))
    return {**found, 'size': size}
