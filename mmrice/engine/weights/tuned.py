"""Tuned backbones of checkpoints, merged into plain ones."""
from typing import Any, Dict

from mmrice.utils import UserError

from .backbone import Backbone
from .describe import OPTIONS, infer_backbone
from .layouts import recognise
from .sources import Source, read_source


def merge_tuned(location: str) -> Backbone:
    """The RICEViT of a checkpoint whose backbone was an :class:`mmrice.AdaptedBackbone`, updates in its weights.

    Args:
        location: A checkpoint of training by ``tools/train.py``, whose config it holds.

    Raises:
        UserError: It has no such backbone, its weights do not fit, or a tuning cannot be merged.
    """
    from mmrice.models import AdaptedBackbone
    source = read_source(location)
    stated = _stated_backbone(source)
    model = AdaptedBackbone(**{name: value for name, value in stated.items() if name != 'type'})
    prefix = 'backbone.'
    state = {key[len(prefix):]: value for key, value in source.state.items() if key.startswith(prefix)}
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        lines = ' '.join(str(error).split())
        raise UserError(f'{source.name}: its weights do not fit the backbone of its config ({lines[:200]}).') from error
    merged = {key: value.detach() for key, value in model.merged().state_dict().items()}
    options = {name: stated['backbone'][name] for name in OPTIONS if stated['backbone'].get(name) is not None}
    return Backbone(source.name, recognise(merged, source.name), merged, {**infer_backbone(merged), **options},
                    source.preprocess)


def _stated_backbone(source: Source) -> Dict[str, Any]:
    from mmrice.data_engine.encoders.recipe import read_recipe
    found = (read_recipe(str(source.meta.get('cfg') or '')).get('model') or {}).get('backbone') or {}
    if not str(found.get('type', '')).endswith('AdaptedBackbone'):
        raise UserError(f'{source.name}: its config has no mmrice.AdaptedBackbone as model.backbone, but '
                        f'{found.get("type", "nothing")!r}. Expected what tools/train.py writes of a model with one.')
    return found
