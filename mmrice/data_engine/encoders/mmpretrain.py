"""Encoders that MMPretrain builds."""
from typing import Any, List, Optional, Sequence

from mmrice.compat import install_hint
from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from .files import digests, existing, load_all
from .torch_encoder import CropEncoder

IMAGENET_MEAN, IMAGENET_STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


@ENGINE_STAGES.register_module()
class MMPretrainEncoder(CropEncoder):
    """Any model that MMPretrain builds, with weights from a local file: its last feature, averaged over positions.

    Args:
        model: Model config with types of MMPretrain or mmrice (a classifier, a self-supervisor or a bare backbone), or
            the path of a config file that has one.
        checkpoint: Its weights, a local ``.pth`` or ``.safetensors``; None takes random weights, for tests.
        input_size: Crops are resized to this square, px.
        mean: Of the RGB channels, 0..255.
        std: Of the RGB channels, 0..255.
        seed: Of random weights.
        **kwargs: Of :class:`~.torch_encoder.CropEncoder`: ``pad``, ``batch_size``, ``device``, ``dtype``,
            ``num_threads``.
    """
    version = 2

    def __init__(self, model: Any, checkpoint: Optional[str] = None, input_size: int = 224,
                 mean: Sequence[float] = IMAGENET_MEAN, std: Sequence[float] = IMAGENET_STD, seed: int = 0,
                 **kwargs: Any) -> None:
        super().__init__(input_size, mean, std, **kwargs)
        self.model, self.checkpoint, self.seed = model, checkpoint, seed

    def fingerprint(self) -> List[str]:
        """Contents of the checkpoint and of a model config in a file."""
        paths = [self.checkpoint, self.model if isinstance(self.model, str) else None]
        return digests([existing(path) for path in paths if path is not None])

    def build(self) -> Any:
        """Build the model through MMPretrain.

        Raises:
            UserError: MMPretrain is missing, or the weights are of another architecture.
        """
        import torch
        from mmengine import Config
        from mmengine.registry import DefaultScope
        try:
            from mmpretrain.registry import MODELS
        except ModuleNotFoundError as error:
            raise UserError(f'mmrice.MMPretrainEncoder needs mmpretrain. {install_hint("mmpretrain")}') from error
        config = Config.fromfile(existing(self.model)).model if isinstance(self.model, str) else self.model
        # Whoever calls may have set another host's scope, in which MMPretrain's own defaults are unknown.
        with torch.random.fork_rng(devices=[]), DefaultScope.overwrite_default_scope('mmpretrain'):
            torch.manual_seed(self.seed)
            network = MODELS.build(config)  # init_cfg is left alone: it may name weights to download
        if self.checkpoint is not None:
            from mmrice.engine.weights import read_source
            load_all(network, read_source(existing(self.checkpoint)).state, self.checkpoint,
                     optional=('head.', 'data_preprocessor.'))
        return network

    def features(self, inputs: Any) -> Any:
        """The last feature, averaged over positions where it has them, shape (N, C)."""
        network = self.load()
        features = network.extract_feat(inputs) if hasattr(network, 'extract_feat') else network(inputs)
        last = features[-1] if isinstance(features, (tuple, list)) else features
        return last.mean((2, 3)) if last.ndim == 4 else last.mean(1) if last.ndim == 3 else last
