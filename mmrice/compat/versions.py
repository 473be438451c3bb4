"""Combinations of versions that are known to fail, each with the reason and the cure. They warn, never stop.

Only the metadata of installed distributions is read, so that ``import mmrice`` stays cheap.
"""
import sys
import warnings
from importlib import metadata
from typing import Dict, Iterator, List, Mapping, NamedTuple, Tuple

from .hints import FORK, FORK_NAMES, UPSTREAM, UPSTREAM_NAMES

_WARNED: List[str] = []


class VersionWarning(UserWarning):
    """A combination of installed versions that is known to fail."""


class Problem(NamedTuple):
    """What is wrong, why that matters, and the command that mends it."""
    what: str
    why: str
    cure: str

    def __str__(self) -> str:
        return f'{self.what}: {self.why}. Cure: {self.cure}'


def release(version: str) -> Tuple[int, ...]:
    """Numbers of a version's release, without suffixes: ``'2.14.1+cpu'`` gives ``(2, 14, 1)``."""
    numbers = []
    for part in version.split('+')[0].split('.'):
        digits = ''
        for character in part:
            if not character.isdigit():
                break
            digits += character
        if not digits:
            break
        numbers.append(int(digits))
        if digits != part:
            break
    return tuple(numbers)


def installed(names: List[str]) -> Dict[str, str]:
    """Versions of those of the distributions that are installed."""
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def openmmlab() -> Dict[str, str]:
    """Versions of torch, torchvision and of both flavours of the OpenMMLab distributions."""
    return installed(['torch', 'torchvision', *FORK_NAMES.values(), *UPSTREAM_NAMES.values()])


def problems(versions: Mapping[str, str], python: Tuple[int, int] = sys.version_info[:2]) -> List[Problem]:
    """Judge a set of installed versions.

    Args:
        versions: {distribution: version}, as :func:`openmmlab` gives it.
        python: Major and minor version of Python.

    Returns:
        list: What is known to fail; empty where nothing is.
    """
    return [*_flavours(versions), *_pairs({name: release(version) for name, version in versions.items()}, python)]


def _flavours(versions: Mapping[str, str]) -> Iterator[Problem]:
    for module, fork in FORK_NAMES.items():
        upstream = UPSTREAM_NAMES[module]
        if fork in versions and upstream in versions:
            yield Problem(f'{fork} {versions[fork]} and {upstream} {versions[upstream]} are both installed',
                          f'both own the package {module}, and the last one installed overwrote files of the other',
                          f'pip uninstall -y {fork} {upstream}, then pip install -r {FORK} or -r {UPSTREAM}')


def _pairs(versions: Mapping[str, Tuple[int, ...]], python: Tuple[int, int]) -> Iterator[Problem]:
    for name in ('mmengine', 'onedl-mmengine'):
        if versions.get(name, ()) >= (0, 11):
            yield Problem(f'{name} >= 0.11', "it does not find the 'mmdet::...' configs of installed packages",
                          f'pip install "{name}<0.11"')
    mmcv = versions.get('mmcv', versions.get('onedl-mmcv', ()))
    for name in ('mmdet', 'mmsegmentation'):
        if name in versions and mmcv >= (2, 2):
            yield Problem(f'{name} with mmcv >= 2.2', 'it refuses that mmcv when it is imported',
                          f'pip install "mmcv==2.1.0", or pip uninstall -y {name} and pip install -r {FORK}')
    if mmcv >= (2, 4) and ('mmpretrain' in versions or 'onedl-mmpretrain' in versions):
        yield Problem('mmpretrain with mmcv >= 2.4', 'it refuses that mmcv when it is imported',
                      'pip install "onedl-mmcv<2.4"')
    if versions.get('torch', ()) >= (2, 6) and 'mmengine' in versions and versions['mmengine'] < (0, 11):
        yield Problem('mmengine < 0.11 with torch >= 2.6', 'it cannot load its own checkpoints there (torch.load reads '
                      'weights only)', f'pip uninstall -y mmengine, then pip install -r {FORK}')
    if (0, ) < versions.get('torch', ()) < (2, 4):
        yield Problem('torch < 2.4', 'mmrice is tested with torch 2.4 and newer',
                      'pip install "torch>=2.4" torchvision')
    if python < (3, 10):
        yield Problem(f'Python {python[0]}.{python[1]}', 'mmrice needs Python 3.10 or newer',
                      'make a virtual environment with a newer Python')
    elif python >= (3, 14):
        yield Problem(f'Python {python[0]}.{python[1]}', 'mmcv uses functions that this Python no longer has',
                      'make a virtual environment with Python 3.10 to 3.13')


def warn_once() -> None:
    """Warn about each problem of this environment, once in a process."""
    for problem in problems(openmmlab()):
        if problem.what not in _WARNED:
            _WARNED.append(problem.what)
            warnings.warn(str(problem), VersionWarning, stacklevel=4)
