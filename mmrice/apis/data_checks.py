"""Look for the files that a config's datasets need, before anything slow starts."""
from pathlib import Path
from typing import Any, Iterator, Sequence, Tuple

from mmengine.config import Config

from mmrice.utils import UserError

MINI = 'python tools/dataset_converters/prepare_mini.py'
BUILD = 'python tools/build_region_data.py configs/data_engine/'
SHARDS = {'regions': f'{BUILD}mini.py', 'images': f'{BUILD}mini_images.py'}  # below data/mini


def check_data(cfg: Config, splits: Sequence[str]) -> None:
    """Check that data roots, annotation files and image folders exist, those of a retriever's gallery as well.

    Args:
        cfg: A config of any host.
        splits: Out of 'train', 'val' and 'test'.

    Raises:
        UserError: Something is missing; the message names the path, the field and, for data of this project, the
            command that builds it.
    """
    loaders = {f'{split}_dataloader': cfg.get(f'{split}_dataloader') for split in splits}
    loaders['model.prototype'] = (cfg.get('model') or {}).get('prototype')
    for name, loader in loaders.items():
        if not isinstance(loader, dict):
            continue
        for field, path in _paths(loader.get('dataset'), f'{name}.dataset'):
            if not path.exists():
                raise UserError(f'{path}: no such file or folder ({field} in the config). {_how_to_build(path, field)}')


def _paths(dataset: Any, field: str) -> Iterator[Tuple[str, Path]]:
    """(field, path) of what a dataset and the datasets inside it need."""
    if isinstance(dataset, (list, tuple)):
        for number, item in enumerate(dataset):
            yield from _paths(item, f'{field}.{number}')
        return
    if not isinstance(dataset, dict):
        return
    root = dataset.get('data_root') or ''
    if isinstance(root, str) and root and '://' not in root and not dataset.get('lazy_init'):
        yield f'{field}.data_root', Path(root)
        for name in ('ann_file', 'split_file'):
            annotation = dataset.get(name)
            if isinstance(annotation, str) and annotation and '://' not in annotation:
                yield f'{field}.{name}', _joined(root, annotation)
        prefixes = dataset.get('data_prefix') or {}
        prefixes = {'': prefixes} if isinstance(prefixes, str) else prefixes
        for name, prefix in prefixes.items():
            if isinstance(prefix, str) and prefix and '://' not in prefix:
                yield f'{field}.data_prefix.{name}'.rstrip('.'), _joined(root, prefix)
    for name in ('dataset', 'datasets'):
        if name in dataset:
            yield from _paths(dataset[name], f'{field}.{name}')


def _joined(root: str, path: str) -> Path:
    return Path(path) if Path(path).exists() else Path(root, path)


def _how_to_build(path: Path, field: str) -> str:
    parts = path.parts
    if 'mini' in parts:
        below = parts[parts.index('mini') + 1:][:1]
        return 'Build it with: ' + ' && '.join([MINI, *(SHARDS[folder] for folder in below if folder in SHARDS)])
    return f'Put the data there, or set the path with --cfg-options {field}=...'
