"""Encoders of open_clip."""
import difflib
import logging
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, List, Optional

from mmrice.compat import install_hint
from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from .files import digests, existing, load_all, read_object
from .torch_encoder import CropEncoder

_FOLDER, _CONFIG = 'local-dir:', 'open_clip_config.json'
_WEIGHTS = ('open_clip_model.safetensors', 'open_clip_pytorch_model.safetensors', 'open_clip_pytorch_model.bin')
# The text tower is not used. A tiny one stands in for it: the real one may be fetched from a hub.
_NO_TEXT = dict(context_length=1, vocab_size=1, width=8, heads=1, layers=1)


@ENGINE_STAGES.register_module()
class OpenCLIPEncoder(CropEncoder):
    """The image tower of an open_clip model with weights from a local file: its embedding, before normalisation.

    Args:
        model: Name of an open_clip model ('ViT-B-16'), the path of a JSON file with its config, or ``local-dir:DIR``, a
            folder with ``open_clip_config.json`` and weights.
        checkpoint: Local ``.safetensors``, ``.pt`` or ``.bin`` of tensors; archives of TorchScript are refused. Must be
            left out with ``local-dir:``, else given.
        **kwargs: Of :class:`~.torch_encoder.CropEncoder`. ``mean`` and ``std`` come from the folder, else they are
            CLIP's: models that were trained with others (SigLIP) need them here.

    Example:
        >>> embed = dict(type='mmrice.OpenCLIPEncoder', model='ViT-B-16', checkpoint='models/vit_b_16.safetensors')
    """

    def __init__(self, model: str, checkpoint: Optional[str] = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if model.startswith('hf-hub:'):
            raise UserError(f'engine.embed.model is {model!r}, but nothing is downloaded. Fetch the repository and '
                            f"give its folder: '{_FOLDER}DIR'.")
        if model.startswith(_FOLDER) != (checkpoint is None):
            raise UserError(f"engine.embed.checkpoint is {checkpoint!r} with model={model!r}: expected a local file, "
                            f"or None with '{_FOLDER}DIR', whose weights lie in the folder.")
        self.model, self.checkpoint = model, checkpoint

    def fingerprint(self) -> List[str]:
        """Contents of the weights and of a config in a file."""
        config = [existing(self.model)] if self.model.endswith('.json') else []
        if self.model.startswith(_FOLDER):
            config = [existing(str(_folder(self.model) / _CONFIG))]
        return digests([*config, self._weights()])

    def _weights(self) -> Path:
        if self.checkpoint is not None:
            return existing(self.checkpoint)
        folder = _folder(self.model)
        found = [folder / name for name in _WEIGHTS if (folder / name).is_file()]
        if not found:
            raise UserError(f'{folder}: has no weights. Expected one of {", ".join(_WEIGHTS)}.')
        return found[0]

    def build(self) -> Any:
        """Build the image tower.

        Raises:
            UserError: open_clip is missing, the model is unknown, or the weights are of another one.
        """
        try:
            import open_clip
        except ModuleNotFoundError as error:
            raise UserError(f'mmrice.OpenCLIPEncoder needs open_clip. {install_hint("open_clip")}') from error
        from mmrice.engine.weights import read_source
        weights = self._weights()
        try:
            with _quiet():
                model = open_clip.create_model(self._name(open_clip), load_weights=False, pretrained_text=False,
                                               text_cfg=dict(_NO_TEXT))
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise UserError(f'engine.embed.model {self.model!r}: open_clip cannot build it ({error}).') from error
        state = read_source(weights).state
        network = model.visual
        load_all(network, {key[len('visual.'):]: value for key, value in state.items() if key.startswith('visual.')},
                 str(weights))
        stated = open_clip.get_model_preprocess_cfg(model)
        self.mean = self.mean or tuple(255 * value for value in stated['mean'])
        self.std = self.std or tuple(255 * value for value in stated['std'])
        trained = network.image_size
        trained = trained if isinstance(trained, int) else max(trained)
        if self.input_size not in (None, trained):
            raise UserError(f'{weights}: the model has positions for {trained} px, but engine.embed.input_size is '
                            f'{self.input_size}. Leave it out.')
        self.input_size = trained
        return network

    def _name(self, open_clip: Any) -> str:
        """What open_clip calls the model."""
        name = self.model
        if name.startswith(_FOLDER):
            existing(str(_folder(name) / _CONFIG))
        elif name.endswith('.json'):
            path = existing(name)
            lacking = {'embed_dim', 'vision_cfg', 'text_cfg'} - set(read_object(path))
            if lacking:
                raise UserError(f'{path}: lacks {", ".join(sorted(lacking))}. Expected the config of an open_clip '
                                'model.')
            open_clip.add_model_config(path)
            name = path.stem
        elif name.replace('/', '-') not in open_clip.list_models():
            nearest = difflib.get_close_matches(name, open_clip.list_models(), n=1, cutoff=0.3)
            raise UserError(f'engine.embed.model: open_clip has no model {name!r}.'
                            f'{f" Did you mean {nearest[0]!r}?" if nearest else ""}')
        return name

    def features(self, inputs: Any) -> Any:
        """The embedding of each image, shape (N, D)."""
        features = self.load()(inputs)
        return features[0] if isinstance(features, (tuple, list)) else features


def _folder(model: str) -> Path:
    return existing(model[len(_FOLDER):], folder=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """Drop open_clip's warning that the weights are random: ours are loaded next."""
    level, handler = logging.root.manager.disable, logging.NullHandler()
    logging.root.addHandler(handler)  # without any, logging.warning would install one for good
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(level)
        logging.root.removeHandler(handler)
