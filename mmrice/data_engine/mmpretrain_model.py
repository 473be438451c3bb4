"""Build a model through MMPretrain and take one feature vector a crop from it."""
from pathlib import Path
from typing import Any, Optional

import numpy as np

from mmrice.compat import install_hint
from mmrice.utils import UserError


def existing(path: str) -> Path:
    """The path, checked.

    Raises:
        UserError: There is no such file.
    """
    if not Path(path).is_file():
        raise UserError(f'{path}: no such file. engine.embed takes local files, nothing is downloaded.')
    return Path(path)


def load_weights(path: str) -> dict:
    """Read the tensors of a checkpoint without running code from it.

    Raises:
        UserError: The file is missing or holds more than plain tensors.
    """
    import torch
    if existing(path).suffix == '.safetensors':
        from safetensors.torch import load_file
        return load_file(path)
    try:
        checkpoint = torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:
        raise UserError(f'{path}: not a checkpoint of plain tensors ({str(error).splitlines()[0]})') from error
    return checkpoint.get('state_dict', checkpoint)


def build_model(model: Any, checkpoint: Optional[str], device: str, seed: int):
    """Build a model for inference.

    Args:
        model: Config dict or path of a config file with ``model``.
        checkpoint: Local weights, or None for random ones.
        device: Where it runs.
        seed: Of random weights.

    Returns:
        nn.Module: In evaluation mode.

    Raises:
        UserError: MMPretrain is missing, or the weights are of another architecture.
    """
    import torch
    from mmengine import Config
    try:
        from mmpretrain.registry import MODELS
    except ModuleNotFoundError as error:
        raise UserError(f'mmrice.MMPretrainEncoder needs mmpretrain. {install_hint("mmpretrain")}') from error
    config = Config.fromfile(existing(model)).model if isinstance(model, str) else model
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = MODELS.build(config)
        if checkpoint is None and hasattr(network, 'init_weights'):
            network.init_weights()
    if checkpoint is not None:
        missing, _ = network.load_state_dict(load_weights(checkpoint), strict=False)
        absent = [name for name in missing if not name.startswith(('head.', 'data_preprocessor.'))]
        if absent:
            raise UserError(f'{checkpoint}: {len(absent)} weights of the model are not in it, first {absent[0]!r}. '
                            'engine.embed.model and engine.embed.checkpoint are of different architectures.')
    return network.to(device).eval()


def extract(network, inputs: np.ndarray, device: str) -> np.ndarray:
    """One vector for each image: the last feature, averaged over positions where it has them.

    Args:
        network: See :func:`build_model`.
        inputs: shape (N, 3, H, W), float32.
        device: Where the network is.

    Returns:
        np.ndarray: shape (N, C), float32.
    """
    import torch
    with torch.no_grad():
        tensor = torch.from_numpy(np.ascontiguousarray(inputs, np.float32)).to(device)
        features = network.extract_feat(tensor) if hasattr(network, 'extract_feat') else network(tensor)
    last = features[-1] if isinstance(features, (tuple, list)) else features
    if last.ndim == 4:
        last = last.mean((2, 3))
    elif last.ndim == 3:
        last = last.mean(1)
    return last.float().cpu().numpy()
