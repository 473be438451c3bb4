"""A complete backbone in our layout, out of any source, and the files that we write of it."""
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional, Union

import torch
from torch import Tensor

from mmrice.utils import UserError, atomic_path, atomic_write

from .convert import Converted, to_ours
from .describe import OPTIONS, check_complete, check_config, infer_backbone, measure
from .layouts import OURS, Layout, recognise
from .sources import METADATA_KEY, Source, read_source

_SHOWN = 4


@dataclass
class Backbone:
    """Weights of a RICEViT and the dict that builds it.

    Args:
        name: Where they come from.
        layout: In which layout they were.
        state: {our key: tensor}, without prefix, complete.
        config: ``meta['backbone']``: builds the module.
        preprocess: ``meta['preprocess']``: ``mean`` and ``std`` in 0 to 255, ``order`` of the channels, ``image_size``
            where known; None where the source does not say.
        dropped: Keys of the source that are not the backbone's.
    """
    name: str
    layout: Layout
    state: Dict[str, Tensor]
    config: Dict[str, Any]
    preprocess: Optional[Dict[str, Any]] = None
    dropped: List[str] = field(default_factory=list)

    @property
    def num_parameters(self) -> int:
        """Number of weights."""
        return sum(value.numel() for value in self.state.values())


def convert_source(source: Source, layout: Layout) -> Converted:
    """Convert what was read to our layout and check it against the config.json beside it.

    Raises:
        UserError: The config.json contradicts the weights.
    """
    converted = to_ours(source.state, layout)
    if source.config:
        check_config(source.config, converted.state, source.config_file)
    return converted


def stated_options(source: Source, layout: Layout) -> Dict[str, Any]:
    """What the source says beside its tensors: ``norm_eps``, and windows where the backbone had them."""
    if layout.name == OURS:
        described = source.meta.get('backbone')
        described = described if isinstance(described, dict) else {}
        return {name: described[name] for name in OPTIONS if described.get(name) is not None}
    eps = source.config.get('layer_norm_eps')
    return {} if eps is None else dict(norm_eps=float(eps))


def load_backbone(location: Union[str, Path], prefix: Optional[str] = None) -> Backbone:
    """Read a complete backbone.

    Args:
        location: See :func:`read_source`.
        prefix: What its keys begin with. Defaults to None: it is found.

    Returns:
        Backbone: Checked against the shapes of the module that its ``config`` builds.

    Raises:
        UserError: Unreadable, of another kind of model, or not complete.
    """
    source = read_source(location)
    layout = recognise(source.state, source.name, prefix)
    if layout is None:
        keys = list(source.state)
        raise UserError(f'{source.name}: no RICEViT among its {len(keys)} keys ({", ".join(keys[:3])}, ...). Expected '
                        "the layout of mmrice, of Hugging Face's MLCDVisionModel or of the authors' code.")
    converted = convert_source(source, layout)
    config = {**infer_backbone(converted.state), **stated_options(source, layout)}
    check_complete(converted, config, source.name)
    return Backbone(source.name, layout, converted.state, config, source.preprocess, converted.dropped)


def save_backbone(backbone: Backbone, path: Union[str, Path]) -> None:
    """Write a backbone as ``dict(state_dict=..., meta=...)``, or as safetensors with the meta in its metadata.

    Args:
        backbone: What to write.
        path: Ends in .pth, .pt or .safetensors. Appears only when it is complete.

    Raises:
        UserError: Another ending.
    """
    path = Path(path)
    meta = dict(backbone=backbone.config, source=backbone.name)
    if backbone.preprocess is not None:
        meta['preprocess'] = backbone.preprocess
    # A view would take the whole storage that it looks at into the file.
    state = {key: value.clone(memory_format=torch.contiguous_format) for key, value in backbone.state.items()}
    if path.suffix in ('.pth', '.pt'):
        with atomic_write(path, 'wb') as stream:
            torch.save(dict(state_dict=state, meta=meta), stream)
    elif path.suffix == '.safetensors':
        write_safetensors(state, path, {METADATA_KEY: json.dumps(meta)})
    else:
        raise UserError(f'{path}: expected a name ending in .pth, .pt or .safetensors.')


def write_safetensors(state: Dict[str, Tensor], path: Path, metadata: Dict[str, str]) -> None:
    """Write contiguous tensors that share no memory; the file appears only when it is complete.

    Raises:
        UserError: It cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file
    try:
        with atomic_path(path) as temporary:
            save_file(state, temporary, metadata={'format': 'pt', **metadata})
    except SafetensorError as error:  # how safetensors reports a full disk
        raise UserError(f'{path}: cannot be written ({error}). Nothing was left behind.') from error


def summary(backbone: Backbone) -> str:
    """What was found, in a few aligned lines."""
    numbers = measure(backbone.state)
    arch = backbone.config['arch']
    dtypes = sorted({str(value.dtype).split('.')[-1] for value in backbone.state.values()})
    rows = [
        ('source', f'{backbone.name} ({backbone.layout.describe()})'),
        ('backbone', f'RICEViT, {f"arch {arch!r}" if isinstance(arch, str) else "no preset"}: {numbers["embed_dims"]} '
         f'channels, {numbers["num_layers"]} layers, {numbers["num_heads"]} heads, MLP '
         f'{numbers["feedforward_channels"]}, patch {numbers["patch_size"]}, norm_eps {backbone.config["norm_eps"]:g}'),
        ('parameters', f'{backbone.num_parameters:,} in {len(backbone.state)} tensors, {", ".join(dtypes)}'),
    ]
    if backbone.dropped:
        more = ', ...' if len(backbone.dropped) > _SHOWN else ''
        rows.append(('left out', f'{len(backbone.dropped)} keys: {", ".join(backbone.dropped[:_SHOWN])}{more}'))
    return '\n'.join(f'{label:<12}{text}' for label, text in rows)
