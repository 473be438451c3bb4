"""Memory of a GPU that pretrains with a config, computed from the config: nothing is allocated."""
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple

import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope
from torch import nn

from mmrice.models.losses.blockwise import _BLOCK_BYTES
from mmrice.utils import UserError
from mmrice.utils.memory import region_pool_bytes, vit_bytes

from .flops_input import input_shape
from .user_errors import user_errors


class Report(NamedTuple):
    """Rows with 'part', 'bytes' and 'gib', the total in bytes, and what it was computed for."""
    rows: List[Dict[str, Any]]
    total: int
    notes: List[str]


def report_memory(cfg: Config, gpus: int) -> Report:
    """Compute the memory of one of several equal GPUs at the peak of a training step.

    Args:
        cfg: Of :class:`mmrice.RICE` or :class:`mmrice.MLCD` with a :class:`mmrice.RICEViT`.
        gpus: Over which the class centres are split.

    Returns:
        Report: Of the peak at the beginning of the backward pass, when all activations are there.

    Raises:
        UserError: The model is another one.
    """
    model = cfg.model
    if model.type not in ('mmrice.RICE', 'mmrice.MLCD') or model.backbone.type != 'mmrice.RICEViT':
        raise UserError(f'{cfg.filename}: model is {model.type} with {model.backbone.type}; only the memory of '
                        'mmrice.RICE and mmrice.MLCD with mmrice.RICEViT can be computed.')
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope')), user_errors(), torch.device('meta'):
        backbone, neck = (MODELS.build({**model[name], 'init_cfg': None}) for name in ('backbone', 'neck'))
    batch, half = cfg.train_dataloader.batch_size, 2 if 'Amp' in cfg.optim_wrapper.type else 4
    height, width = _input_shape(cfg)
    patches = height // backbone.patch_size * (width // backbone.patch_size)
    arch = backbone._parse_arch(model.backbone.get('arch', 'base'))
    kept, passing = vit_bytes(arch, patches + 1, backbone.with_cp, 4, half)
    regions = _regions(cfg)

    rows = [*_replicated(nn.ModuleList([backbone, neck]), gpus, half)]
    rows.append(('images: uint8, float32 and as cast', batch * 3 * height * width * (5 + half % 4)))
    rows.append((f'activations of the backbone: {kept / 2**20:,.1f} MiB an image', batch * kept))
    notes = [f'{gpus} GPUs x {batch} images of {height} x {width} px, {"bfloat16 autocast" if half == 2 else "float32"}'
             f'{", layers recomputed in the backward pass" if backbone.with_cp else ""}']
    if model.type == 'mmrice.RICE':
        pooled = region_pool_bytes(patches, round(sum(regions.values())), arch[0], model.neck.num_heads, 4, half)
        rows.append(('activations of the neck', batch * pooled))
        notes += ['Region Transformer layers are not counted'] if model.neck.get('num_layers') else []
    notes += ['windowed attention is counted as global'] if backbone.window_size else []

    gathered, block = [], 0
    for kind, share in regions.items():
        everyone = round(batch * gpus * share)
        rows += _centers(kind, model.head, gpus, everyone)
        gathered.append(everyone * model.head.embed_dims)
        block = max(block, _block(model.head, kind, gpus, everyone, half))
        notes.append(f'{kind}: {everyone:,} embeddings in all')
    rows.append(('embeddings of all GPUs, float32', 4 * sum(gathered)))
    rows.append(('embeddings: gradient and cast to bfloat16', (4 + half % 4) * max(gathered)))
    passing = batch * passing
    rows.append(('larger of: block of logits, one layer in the backward pass', max(passing, block)))
    table = [dict(part=part, bytes=count, gib=count / 2**30) for part, count in rows]
    return Report(table, sum(row['bytes'] for row in table), notes)


def _leaves(cfg: Config) -> Iterator[Tuple[Dict[str, Any], float]]:
    """Each dataset without datasets inside, and its share of the samples."""
    loader = cfg.train_dataloader
    parts = loader.dataset.get('datasets') or [loader.dataset]
    ratio = loader.sampler.get('ratio') or [1] * len(parts)
    yield from ((part, count / sum(ratio)) for part, count in zip(parts, ratio))


def _input_shape(cfg: Config) -> Tuple[int, int]:
    leaf, _ = next(_leaves(cfg))
    flat = Config(dict(model=cfg.model, default_scope=cfg.get('default_scope'), train_dataloader=dict(dataset=leaf)),
                  filename=cfg.filename)
    return input_shape(flat)


def _regions(cfg: Config) -> Dict[str, float]:
    """Mean number of regions an image of each kind that the head has a table for."""
    regions: Dict[str, float] = {}
    for leaf, share in _leaves(cfg):
        drawn = [step.get('num_regions', 10) for step in leaf.get('pipeline', [])
                 if step['type'].rpartition('.')[2] == 'SampleRegions']
        kinds = ['image'] if cfg.model.type == 'mmrice.MLCD' else leaf.get('kinds', ['object', 'ocr'])
        kinds = [kind for kind in kinds if cfg.model.head.get(kind)]
        for kind in kinds:
            number = 1 if kind == 'image' else (drawn or [10])[-1]
            regions[kind] = regions.get(kind, 0.) + share * number / len(kinds)
    return regions


def _replicated(modules: nn.Module, gpus: int, half: int) -> List[Tuple[str, int]]:
    count = sum(weight.numel() for weight in modules.parameters())
    matrices = sum(part.weight.numel() for part in modules.modules() if isinstance(part, (nn.Linear, nn.Conv2d)))
    rows = [(f'backbone and neck: {count / 1e6:,.1f} M parameters, float32', 4 * count), ('gradients', 4 * count)]
    rows += [('gradient buckets of DistributedDataParallel', 4 * count)] if gpus > 1 else []
    rows += [('AdamW moments', 8 * count)]
    return rows + ([('matrices as cast to bfloat16', half * matrices)] if half == 2 else [])


def _table(head: Dict[str, Any], kind: str, gpus: int) -> Tuple[int, int, int]:
    """Classes, this GPU's rows, and classes drawn a step."""
    classes = head[kind].num_classes
    ratio = head[kind].get('sample_ratio', head.get('sample_ratio', 0.1))
    return classes, -(-classes // gpus), max(1, int(classes * ratio))


def _centers(kind: str, head: Dict[str, Any], gpus: int, regions: int) -> List[Tuple[str, int]]:
    classes, own, drawn = _table(head, kind, gpus)
    dims, taking_part = head.embed_dims, own
    if drawn < classes:
        taking_part = min(own, -(-(drawn + regions) // gpus))
    return [(f'{kind} centres: {own:,} of {classes:,} rows x {dims}, float32', 4 * own * dims),
            (f'{kind} centres: AdamW moments and counts', own * (8 * dims + 8)),
            (f'{kind} centres: gradient of at most {taking_part:,} rows', taking_part * (4 * dims + 8))]


def _block(head: Dict[str, Any], kind: str, gpus: int, regions: int, half: int) -> int:
    """A block of logits, float32, and its cast for the products of the backward pass."""
    _, own, drawn = _table(head, kind, gpus)
    size = head[kind].get('block_size') or max(128, _BLOCK_BYTES['cuda'] // max(1, 4 * regions))
    return regions * min(size, own, -(-drawn // gpus)) * (4 + half % 4)
