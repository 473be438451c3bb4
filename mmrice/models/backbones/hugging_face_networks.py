"""The vision towers of Hugging Face transformers that :class:`~.hugging_face_vit.HuggingFaceViT` runs."""
import difflib
import json
from operator import attrgetter
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Tuple, Union

from torch import nn

from mmrice.compat import install_hint
from mmrice.utils.errors import UserError


class Family(NamedTuple):
    """Where the parts of a model type are.

    Args:
        cls: Its class in transformers.
        layers: Name of the list of layers in the network.
        norm: Name of the norm on the output.
        patches: Name of the weight that embeds patches.
        positions: Name of the table of learned positions; '' where positions are rotations.
        class_token: Whether there is one, before all others.
        options: What ``forward`` needs for input of another size than that of the pretraining.
        unused: Names of parameters that serve pretraining alone.
    """
    cls: str
    layers: str
    norm: str
    patches: str
    positions: str = ''
    class_token: bool = True
    options: Dict[str, Any] = {}
    unused: Tuple[str, ...] = ()


_RESIZES = dict(interpolate_pos_encoding=True)
_CLIP = Family('CLIPVisionModel', 'encoder.layers', 'post_layernorm', 'embeddings.patch_embedding.weight',
               'embeddings.position_embedding.weight', options=_RESIZES)
_DINO = Family('Dinov2Model', 'encoder.layer', 'layernorm', 'embeddings.patch_embeddings.projection.weight',
               'embeddings.position_embeddings', unused=('embeddings.mask_token', ))
FAMILIES: Dict[str, Family] = {
    'clip_vision_model': _CLIP,
    'siglip_vision_model': _CLIP._replace(cls='SiglipVisionModel', class_token=False),
    'dinov2': _DINO,
    'dinov2_with_registers': _DINO._replace(cls='Dinov2WithRegistersModel'),
    'dinov3_vit': Family('DINOv3ViTModel', 'layer', 'norm', 'embeddings.patch_embeddings.weight',
                         unused=('embeddings.mask_token', )),
    'vit': _DINO._replace(cls='ViTModel', options=_RESIZES, unused=('embeddings.mask_token', 'pooler')),
    'mlcd_vision_model': Family('MLCDVisionModel', 'encoder.layers', 'post_layernorm',
                                'embeddings.patch_embedding.weight'),
}
_TELLING = ('hidden_size', 'num_hidden_layers', 'num_attention_heads', 'intermediate_size', 'mlp_ratio', 'patch_size',
            'num_register_tokens', 'hidden_act', 'layer_norm_eps', 'rope_theta', 'use_swiglu_ffn', 'use_gated_mlp',
            'qkv_bias', 'query_bias', 'key_bias', 'value_bias', 'proj_bias', 'mlp_bias')
_WHOLE_MODELS = {'clip': 'clip_vision_model', 'siglip': 'siglip_vision_model'}


def read_config(config: Union[str, Path, Dict[str, Any]]) -> Any:
    """The transformers config of a vision tower.

    Args:
        config: Fields of a config.json with ``model_type``; those that are not given have the type's defaults. Or a
            local directory that has one.

    Raises:
        UserError: transformers is missing, there is no such directory, or a type or field is unknown.
    """
    try:
        import transformers
    except ModuleNotFoundError as error:
        raise UserError(f'mmrice.HuggingFaceViT needs transformers. {install_hint("transformers")}') from error
    source = 'HuggingFaceViT: config'
    if not isinstance(config, dict):
        source = str(Path(config, 'config.json'))
        config = read_config_file(
            Path(config, 'config.json'), 'HuggingFaceViT takes config=dict(model_type=..., ...) or')
    kind = config.get('model_type')
    if kind in _WHOLE_MODELS:
        kind, config = _WHOLE_MODELS[kind], config.get('vision_config', {})
    if kind not in FAMILIES:
        raise UserError(f'{source}: model_type is {kind!r}, expected {", ".join(FAMILIES)}.')
    build = getattr(transformers, FAMILIES[kind].cls).config_class
    fields = {name: value for name, value in config.items() if name not in ('model_type', '_scope_')}
    if source.startswith('HuggingFaceViT'):  # transformers would keep a wrong name in silence
        known = build().to_dict()
        for name in sorted(set(fields) - set(known)):
            near = difflib.get_close_matches(name, known, n=1)
            hint = f' Did you mean {near[0]!r}?' if near else ''
            raise UserError(f'{source}: {kind} has no field {name!r}.{hint}')
    return build(**fields)


def read_config_file(path: Path, who: str) -> Dict[str, Any]:
    """Read a config.json.

    Args:
        path: The file.
        who: What needs it, such as 'HuggingFaceText takes'.

    Raises:
        UserError: There is no such file, or it is no JSON object.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file. {who} a local directory in Hugging Face's format; nothing is "
                        'downloaded.')
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise UserError(f'{path}: is not valid JSON ({error}). Fetch it again.') from error
    if not isinstance(content, dict):
        raise UserError(f'{path}: holds a {type(content).__name__}, expected a JSON object.')
    return content


def build_network(config: Any, final_norm: bool, pooled: bool) -> nn.Module:
    """Build a tower with random weights and without parameters that would get no gradient.

    Args:
        config: From :func:`read_config`.
        final_norm: Keep the norm on the output.
        pooled: Keep SigLIP's pooling head.

    Returns:
        nn.Module: Its names are those of the files, without 'vision_model.' and the like.
    """
    import transformers
    family = FAMILIES[config.model_type]
    if not family.class_token:
        config.vision_use_head = pooled
    network = getattr(transformers, family.cls)(config)
    network = getattr(network, 'vision_model', network)
    for name in family.unused:
        parent, _, last = name.rpartition('.')
        setattr(attrgetter(parent)(network) if parent else network, last, None)
    if not final_norm:
        setattr(network, family.norm, nn.Identity())
    return network


def differences(found: Dict[str, Any], config: Any) -> List[str]:
    """Fields of a vision tower's config.json that give other features than ``config``, in words."""
    kind = found.get('model_type', config.model_type)
    if kind not in (config.model_type, f'{config.model_type}_mae'):
        return [f'model_type is {kind!r} there, {config.model_type!r} in the model']
    ours = config.to_dict()
    theirs = type(config)(**{name: value for name, value in found.items() if name in ours}).to_dict()
    return [f'{name} is {theirs[name]!r} there, {ours[name]!r} in the model' for name in _TELLING
            if theirs.get(name) != ours.get(name)]
