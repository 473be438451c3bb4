"""Write a backbone as a directory that Hugging Face's MLCDVisionModel opens; transformers is not needed for it."""
import json
import os
import tempfile
from pathlib import Path
from typing import Any, Dict, Optional, Union

import torch
from torch import Tensor

from mmrice.utils import UserError

from .backbone import Backbone, write_safetensors
from .convert import to_hugging_face
from .describe import ARCH, CONFIG_FIELDS, measure

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
FILES = ('config.json', 'preprocessor_config.json', 'model.safetensors')
DTYPES = ('float32', 'float16', 'bfloat16')
_BICUBIC = 3  # PIL's number


def write_hugging_face(backbone: Backbone,
                       out_dir: Union[str, Path],
                       image_size: Optional[int] = None,
                       dtype: Optional[str] = None,
                       force: bool = False) -> Dict[str, Any]:
    """Write ``config.json``, ``preprocessor_config.json`` and ``model.safetensors``.

    Args:
        backbone: From :func:`.load_backbone`.
        out_dir: The directory; it appears only when it is complete.
        image_size: Pixels a side that the preprocessor makes, a multiple of the patch size. Defaults to None: the
            source's, else 224 or, where the patch does not divide that, 16 patches.
        dtype: 'float32', 'float16' or 'bfloat16'. Defaults to None: as it is.
        force: Replace these three files in a directory that is not empty; others in it are kept.

    Returns:
        dict: The content of preprocessor_config.json.

    Raises:
        UserError: The directory is in use, the size does not fit, or the backbone has no norm on its output.
    """
    out_dir = Path(out_dir)
    if out_dir.exists() and not out_dir.is_dir():
        raise UserError(f'{out_dir}: is a file. Expected a directory to write.')
    if out_dir.is_dir() and any(out_dir.iterdir()) and not force:
        raise UserError(f'{out_dir}: is not empty. Name a new directory, or replace the model in it with --force.')
    if backbone.config.get('final_norm') is False:
        raise UserError(f'{backbone.name}: has no norm on its output (final_norm=False), and MLCDVisionModel needs '
                        'one. Train with final_norm=True to export.')
    preprocess = dict(backbone.preprocess or {})
    image_size = _image_size(image_size, preprocess, backbone)
    state = _to_rgb(backbone.state, preprocess)
    if dtype is not None:
        state = {key: value.to(getattr(torch, dtype)) for key, value in state.items()}
    preprocessor = preprocessor_config(preprocess, image_size)
    out_dir = out_dir.resolve()
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f'.tmp-{out_dir.name}-', dir=out_dir.parent) as temporary:
        made = Path(temporary, 'model')
        made.mkdir()
        _write_json(made / FILES[0], model_config(state, backbone.config, image_size))
        _write_json(made / FILES[1], preprocessor)
        write_safetensors(to_hugging_face(state), made / FILES[2], {})
        if out_dir.is_dir() and any(out_dir.iterdir()):
            for name in FILES:
                os.replace(made / name, out_dir / name)
        else:
            os.replace(made, out_dir)
    return preprocessor


def model_config(state: Dict[str, Tensor], backbone: Dict[str, Any], image_size: int) -> Dict[str, Any]:
    """The config.json of a backbone.

    Args:
        state: In our layout.
        backbone: The dict that builds it.
        image_size: Pixels a side.

    Returns:
        dict: Numbers under Hugging Face's names.
    """
    numbers = measure(state)
    return dict(
        architectures=['MLCDVisionModel'], model_type='mlcd_vision_model', attention_dropout=0.0, hidden_act='gelu',
        image_size=image_size, initializer_factor=1.0, initializer_range=0.02, layer_norm_eps=backbone['norm_eps'],
        num_channels=3, num_key_value_groups=1,  # MLCD's attention repeats keys this often; it has no grouped heads
        torch_dtype=str(state['patch_embed.weight'].dtype).split('.')[-1],
        **{CONFIG_FIELDS[name][0]: numbers[name] for name in (*ARCH, 'patch_size')})


def preprocessor_config(preprocess: Dict[str, Any], image_size: int) -> Dict[str, Any]:
    """The preprocessor_config.json of a backbone: bicubic resize of the short side, centre crop, normalise.

    Args:
        preprocess: ``mean`` and ``std`` in 0 to 255, RGB; empty for CLIP's.
        image_size: Pixels a side.

    Returns:
        dict: Arguments of transformers' CLIPImageProcessor.
    """
    if 'mean' in preprocess:
        mean, std = ([round(value / 255, 8) for value in preprocess[name]] for name in ('mean', 'std'))
    else:
        mean, std = list(CLIP_MEAN), list(CLIP_STD)
    return dict(
        image_processor_type='CLIPImageProcessor', do_convert_rgb=True, do_resize=True,
        size=dict(shortest_edge=image_size), resample=_BICUBIC, do_center_crop=True,
        crop_size=dict(height=image_size, width=image_size), do_rescale=True, rescale_factor=1 / 255, do_normalize=True,
        image_mean=mean, image_std=std)


def _image_size(image_size: Optional[int], preprocess: Dict[str, Any], backbone: Backbone) -> int:
    patch = backbone.config['patch_size']
    if image_size is None:
        image_size = preprocess.get('image_size') or (16 * patch if 224 % patch else 224)
    if image_size <= 0 or image_size % patch:
        raise UserError(f'{backbone.name}: an image size of {image_size} pixels is not divisible by patch_size='
                        f'{patch}. Give --image-size {max(1, round(image_size / patch)) * patch}.')
    return image_size


def _to_rgb(state: Dict[str, Tensor], preprocess: Dict[str, Any]) -> Dict[str, Tensor]:
    """Turn a model of BGR images into the same one of RGB images, which is what Hugging Face's processors give."""
    if preprocess.get('order') != 'BGR':
        return dict(state)
    preprocess.update({name: preprocess[name][::-1] for name in ('mean', 'std')})
    return {**state, 'patch_embed.weight': state['patch_embed.weight'].flip(1)}


def _write_json(path: Path, content: Dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + '\n')
