"""Read weights from whatever a user has: a file, a Hugging Face directory, or a name on the Hugging Face hub."""
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional, Union

from torch import Tensor

from mmrice.utils import UserError

from ..checkpoint_io import read_checkpoint
from ..load_report import find_state_dict
from .convert import clean_state

HUB = 'hf://'
METADATA_KEY = 'mmrice'  # of a safetensors file's metadata: our meta as JSON
WEIGHT_FILES = tuple(name + end for name in ('model.safetensors', 'pytorch_model.bin') for end in ('', '.index.json'))
_DESCRIPTIONS = ('config.json', 'preprocessor_config.json')
_HUB_NAME = re.compile(r'hf://([\w.-]+/[\w.-]+)(?:@([\w./-]+))?')


@dataclass
class Source:
    """Weights and what lies beside them.

    Args:
        name: The file or hub name, for reports and errors.
        state: {cleaned key: tensor}.
        meta: Of a checkpoint; empty where there is none.
        config: Of a config.json, the vision model's part.
        config_file: Its path.
        preprocess: ``mean`` and ``std`` in 0 to 255, ``order`` 'RGB' or 'BGR', ``image_size`` in pixels where known.
    """
    name: str
    state: Dict[str, Tensor]
    meta: Dict[str, Any] = field(default_factory=dict)
    config: Dict[str, Any] = field(default_factory=dict)
    config_file: str = ''
    preprocess: Optional[Dict[str, Any]] = None


def read_source(location: Union[str, Path]) -> Source:
    """Read weights.

    Args:
        location: A .safetensors, .pth, .pt or .bin file, a directory in Hugging Face's format (sharded or not), or
            ``hf://ORG/NAME[@REVISION]``, fetched with huggingface_hub; its cache and ``HF_HUB_OFFLINE`` are heeded.

    Returns:
        Source: Its tensors on the CPU. Nothing is unpickled but tensors and plain values.

    Raises:
        UserError: No such file, damaged, without weights, incomplete, or not to be had from the hub.
    """
    name = str(location)
    path = _download(name) if name.startswith(HUB) else Path(name).expanduser()
    source = _read_directory(path, name) if path.is_dir() else _read_file(path, name)
    if path.is_dir() or path.suffix in ('.safetensors', '.bin'):
        _add_descriptions(source, path if path.is_dir() else path.parent)
    return source


def _read_file(path: Path, name: str) -> Source:
    checkpoint = read_checkpoint(path)
    meta = _metadata(path) if path.suffix == '.safetensors' else {}
    if isinstance(checkpoint, dict) and isinstance(checkpoint.get('meta'), dict):
        meta = checkpoint['meta']
    state = clean_state(find_state_dict(checkpoint)) if isinstance(checkpoint, dict) else {}
    if not state:
        raise UserError(f'{path}: holds no weights. Expected a dict of tensors, by itself or as "state_dict".')
    preprocess = meta.get('preprocess')
    return Source(name, state, meta, preprocess=preprocess if isinstance(preprocess, dict) else None)


def _read_directory(path: Path, name: str) -> Source:
    found = next((path / file for file in WEIGHT_FILES if (path / file).is_file()), None)
    if found is None:
        beside = sorted(item.name for item in path.iterdir() if not item.name.startswith('.'))
        listed = f'{", ".join(beside[:5])}{", ..." if len(beside) > 5 else ""}' if beside else 'nothing'
        raise UserError(f'{name}: a directory without weights: expected {WEIGHT_FILES[0]} or {WEIGHT_FILES[2]} (or an '
                        f'.index.json of shards), found {listed}. Give the file itself if it has another name.')
    if found.suffix != '.json':
        source = _read_file(found, name)
        return Source(name, source.state, source.meta, preprocess=source.preprocess)
    state: Dict[str, Tensor] = {}
    for shard in _shards(found):
        state.update(clean_state(find_state_dict(read_checkpoint(shard))))
    return Source(name, state)


def _shards(index: Path) -> List[Path]:
    weight_map = _read_json(index).get('weight_map')
    if not isinstance(weight_map, dict) or not weight_map:
        raise UserError(f'{index}: has no weight_map. Expected an index of shards, as Hugging Face writes it.')
    shards = [index.parent / name for name in sorted(set(weight_map.values()))]
    lost = [shard.name for shard in shards if not shard.is_file()]
    if lost:
        raise UserError(f'{index}: names {len(shards)} shards, of which {len(lost)} are missing: {lost[0]}. '
                        'Fetch the directory again.')
    return shards


def _add_descriptions(source: Source, folder: Path) -> None:
    config, preprocessor = (folder / name for name in _DESCRIPTIONS)
    if config.is_file():
        content = _read_json(config)
        vision = content.get('vision_config', content)
        if isinstance(vision, dict) and 'hidden_size' in vision:
            source.config, source.config_file = vision, str(config)
    if source.preprocess is None and preprocessor.is_file():
        source.preprocess = _preprocess(_read_json(preprocessor))
    if isinstance(source.config.get('image_size'), int):
        source.preprocess = {'image_size': source.config['image_size'], **(source.preprocess or {})}


def _preprocess(content: Dict[str, Any]) -> Optional[Dict[str, Any]]:
    """Mean and standard deviation of a preprocessor_config.json in 0 to 255."""
    mean, std = content.get('image_mean'), content.get('image_std')
    if not (isinstance(mean, list) and isinstance(std, list) and len(mean) == len(std) == 3):
        return None
    scale = content.get('rescale_factor', 1 / 255) if content.get('do_rescale', True) else 1.
    return dict(mean=[round(value / scale, 6) for value in mean], std=[round(value / scale, 6) for value in std],
                order='RGB')


def _metadata(path: Path) -> Dict[str, Any]:
    from safetensors import safe_open
    with safe_open(path, 'pt') as file:
        text = (file.metadata() or {}).get(METADATA_KEY, '{}')
    return json.loads(text)


def _read_json(path: Path) -> Dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except ValueError as error:
        raise UserError(f'{path}: is not valid JSON ({error}). Fetch it again.') from error
    if not isinstance(content, dict):
        raise UserError(f'{path}: holds a {type(content).__name__}, expected a JSON object. Fetch it again.')
    return content


def _download(name: str) -> Path:
    match = _HUB_NAME.fullmatch(name)
    if match is None:
        raise UserError(f'{name}: expected hf://ORG/NAME or hf://ORG/NAME@REVISION.')
    try:
        from huggingface_hub import constants, snapshot_download
    except ModuleNotFoundError as error:
        raise UserError(f'{name}: needs huggingface_hub, which is not installed: pip install huggingface_hub. Or give '
                        'the path of a local copy.') from error
    repository, revision = match.groups()
    offline = constants.HF_HUB_OFFLINE
    for pattern in ('*.safetensors', '*.bin'):  # many repositories have both; one is enough
        try:
            folder = Path(snapshot_download(
                repository, revision=revision, local_files_only=offline,
                allow_patterns=[*_DESCRIPTIONS, pattern, f'{pattern}.index.json']))
        except Exception as error:  # of several libraries, which differ between versions of huggingface_hub
            raise UserError(_explain_download(name, offline, constants.HF_HUB_CACHE, error)) from error
        if any((folder / file).is_file() for file in WEIGHT_FILES):
            break
    return folder


def _explain_download(name: str, offline: bool, cache: str, error: Exception) -> str:
    advice = f'fetch it where there is a network (hf download {name[len(HUB):].split("@")[0]}) and give its path'
    if offline:
        return (f'{name}: not in the Hugging Face cache ({cache}), and HF_HUB_OFFLINE forbids to fetch it. Unset that, '
                f'or {advice}.')
    reason = {
        'RepositoryNotFoundError': 'the hub has no such repository, or it is private',
        'RevisionNotFoundError': 'the repository has no such revision',
        'GatedRepoError': 'the repository asks for a login (hf auth login)',
        'LocalEntryNotFoundError': f'the hub cannot be reached, and it is not in the Hugging Face cache ({cache})',
    }.get(type(error).__name__, f'the hub cannot be reached ({type(error).__name__})')
    return f'{name}: {reason}. Check the name, or {advice}.'
