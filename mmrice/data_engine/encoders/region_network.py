"""The parts of a checkpoint that embed regions: a RICEViT, and the pooling of regions that it was trained with."""
from typing import Any, Dict, Optional, Tuple

from .files import load_all


def load_vit(checkpoint: str, config: Optional[Dict[str, Any]] = None) -> Tuple[Any, Any]:
    """Build the RICEViT of a checkpoint, with ``out_type='raw'``.

    Args:
        checkpoint: Of RICE or MLCD pretraining, a converted one, or a folder in Hugging Face's format (MLCD).
        config: The dict that builds the backbone. Defaults to None: it is read off the weights.

    Returns:
        tuple: The backbone, and the :class:`~mmrice.engine.weights.Backbone` that was read.

    Raises:
        UserError: There is no complete RICEViT in it, or one of other numbers than ``config`` says.
    """
    from mmrice.engine.weights import differences, live_numbers, load_backbone, measure
    from mmrice.models import RICEViT
    from mmrice.utils import UserError
    found = load_backbone(checkpoint)
    options = {name: value for name, value in (config or found.config).items() if name not in ('type', 'init_cfg')}
    backbone = RICEViT(**{**options, 'out_type': 'raw', 'out_indices': -1})
    differing = differences(measure(found.state), live_numbers(backbone))
    if differing:
        raise UserError(f'{checkpoint}: {"; ".join(differing)}. Give the config that it was trained with, or a '
                        'checkpoint of this one.')
    load_all(backbone, found.state, checkpoint)
    return backbone, found


def build_neck(source: Any, recipe: Dict[str, Any], backbone: Any) -> Optional[Any]:
    """The pooling of regions of a checkpoint; None where there is none.

    Args:
        source: The :class:`~mmrice.engine.weights.Source`.
        recipe: The training config. A RegionTransformer's numbers are read off its weights, but for
            ``model.neck.num_heads``; a :class:`mmrice.Prompter` or :class:`mmrice.RoIAlignPooling` is built from it.
        backbone: The RICEViT.

    Raises:
        UserError: Its weights are incomplete.
    """
    from mmrice.models import Prompter, RegionTransformer, RoIAlignPooling
    state = {key[len('neck.'):]: value for key, value in source.state.items() if key.startswith('neck.')}
    stated = dict((recipe.get('model') or {}).get('neck') or {})
    kind = stated.pop('type', 'RegionTransformer').rpartition('.')[2]
    if 'proj.weight' not in state or kind not in ('RegionTransformer', 'Prompter', 'RoIAlignPooling'):
        return None
    if kind != 'RegionTransformer':
        neck = dict(Prompter=Prompter, RoIAlignPooling=RoIAlignPooling)[kind](**{**stated, 'init_cfg': None})
        load_all(neck, state, source.name)
        return neck
    layers = {key.split('.')[1] for key in state if key.startswith('layers.')}
    out_channels, in_channels = state['proj.weight'].shape
    ratio = len(state['layers.0.ffn.0.weight']) / in_channels if layers else 4.
    heads = stated.get('num_heads', backbone.num_heads)
    neck = RegionTransformer(in_channels, out_channels, heads, backbone.patch_size, len(layers), ratio)
    load_all(neck, state, source.name)
    return neck
