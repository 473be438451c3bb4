"""Runs and their results: files of ``tools/test.py --out``, else the last validation of a training."""
import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, Set, Tuple

from mmrice.utils import UserError

from .settings import read_settings

RESULTS = 'results.json'
_TIME = re.compile(r'\d{8}_\d{6}')  # name of the folder of one start
_NO_METRIC = ('step', 'iter', 'epoch', 'time', 'data_time', 'loss', 'memory')


@dataclass
class Run:
    """One trained model.

    Args:
        place: Its results file, or its work directory.
        config: Name of its config.
        initial_weights: Where its encoder's weights came from; None where unknown.
        seed: Of its training; None where unknown.
        source: 'test' or 'validation'; '' for a run without results.
        dataset: Type, folder and split of what it was tested on; '' where unknown.
        metrics: As the host calls and measures them.
        summary: Unrounded numbers in per cent, {metric: {row: {column: value}}}.
    """
    place: Path
    config: str
    initial_weights: Optional[str] = None
    seed: Optional[int] = None
    source: str = ''
    dataset: str = ''
    metrics: Dict[str, float] = field(default_factory=dict)
    summary: Dict[str, Any] = field(default_factory=dict)


def find_runs(paths: Sequence[Path]) -> List[Run]:
    """All runs in files and folders.

    Args:
        paths: Results files, whatever their names, and folders, which are searched for ``results.json`` and for work
            directories of trainings. Such a directory counts by itself where no results file is of it.

    Returns:
        list[Run]: In order of paths; those without results have no metrics.

    Raises:
        UserError: A path does not exist or holds no run, or a file cannot be read.
    """
    runs: Dict[Path, Run] = {}
    for path in paths:
        if not path.exists():
            raise UserError(f'{path}: no such file or folder.')
        files, folders = ([path], []) if path.is_file() else _search(path)
        if not files and not folders:
            raise UserError(f'{path}: no {RESULTS} and no run of training below it.')
        tested: Set[Path] = set()
        for file in files:
            run, own = read_results(file)
            runs.setdefault(file.resolve(), run)
            tested.update(own)
        for folder in folders:
            if folder.resolve() not in tested:
                runs.setdefault(folder.resolve(), read_training(folder))
    return list(runs.values())


def _search(root: Path) -> Tuple[List[Path], List[Path]]:
    """Results files and work directories below a folder."""
    files, folders = [], []
    for name, inner, names in os.walk(root):
        starts = [item for item in inner if _TIME.fullmatch(item)]
        inner[:] = sorted(set(inner) - set(starts))
        files += [Path(name) / RESULTS] * (RESULTS in names)
        folders += [Path(name)] * bool(starts)
    return files, folders


def read_results(path: Path) -> Tuple[Run, Set[Path]]:
    """Read a results file.

    Args:
        path: What ``tools/test.py --out`` wrote; where it does not say 'run', the config beside it does.

    Returns:
        tuple: The run, and the work directories that the file speaks for: of its training and its test.

    Raises:
        UserError: It is no such file.
    """
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise UserError(f'{path}: no JSON ({error}). Delete it and run tools/test.py again.') from error
    about = content.get('run') or {} if isinstance(content, dict) else None
    if not isinstance(about, dict):
        raise UserError(f'{path}: expected {{"metric": value, ..., "run": {{...}}}}, as tools/test.py --out writes it.')
    metrics = {name: value for name, value in content.items()
               if isinstance(value, (int, float)) and not isinstance(value, bool)}
    dataset = ' '.join(str(about[key]) for key in ('dataset', 'data_root', 'split') if about.get(key))
    if not about:
        configs = _configs(path.parent)
        about = dict(_settings(path.parent, configs), config=configs[-1].stem if configs else path.parent.name)
    run = Run(path, about.get('config') or path.parent.name, about.get('initial_weights'), about.get('seed'),
              'test' if metrics else '', dataset, metrics, content.get('summary') or {})
    own = {path.parent, Path(about['work_dir']) if about.get('work_dir') else path.parent}
    own.add(Path(about['checkpoint']).parent if about.get('checkpoint') else path.parent)
    return run, {folder.resolve() for folder in own}


def read_training(folder: Path) -> Run:
    """The last validation of the latest start of a training that has one.

    Args:
        folder: A work directory.

    Returns:
        Run: Without metrics where nothing was validated.

    Raises:
        UserError: A file of scalars is damaged.
    """
    configs = _configs(folder)
    name = configs[-1].stem if configs else folder.name
    starts = sorted((path for path in folder.iterdir() if _TIME.fullmatch(path.name)), reverse=True)
    for start in starts:
        scalars = start / 'vis_data' / 'scalars.json'
        metrics = last_validation(scalars) if scalars.is_file() else {}
        if metrics:
            return Run(folder, name, **_settings(start, configs), source='validation', metrics=metrics)
    return Run(folder, name, **_settings(starts[0], configs))


def _configs(folder: Path) -> List[Path]:
    """Configs that runs have left in their work directory, the latest last."""
    return sorted(folder.glob('*.py'), key=os.path.getmtime)


def _settings(start: Path, configs: Sequence[Path]) -> Dict[str, Any]:
    kept = [path for path in (start / 'vis_data' / 'config.py', *configs[-1:]) if path.is_file()]
    return read_settings(kept[0].read_text(encoding='utf-8') if kept else '')


def last_validation(scalars: Path) -> Dict[str, float]:
    """Metrics that were logged last, {} where none were.

    Args:
        scalars: A ``vis_data/scalars.json``. A last line that a killed run left unfinished is ignored.

    Raises:
        UserError: It is damaged.
    """
    metrics: Dict[str, float] = {}
    for entry in _entries(scalars):
        if 'lr' not in entry:  # else it is of training
            metrics = {name: value for name, value in entry.items()
                       if name not in _NO_METRIC and isinstance(value, (int, float))} or metrics
    return metrics


def _entries(path: Path) -> Iterator[Dict[str, Any]]:
    lines = path.read_text(encoding='utf-8').splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        try:
            yield dict(json.loads(line))
        except (ValueError, TypeError) as error:
            if number == len(lines) and not line.endswith('\n'):
                return
            raise UserError(f'{path}: line {number} is no JSON object ({error}).') from error
