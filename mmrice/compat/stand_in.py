"""A finder that supplies ``mmcv._ext`` when mmcv was installed without its compiled ops, and panopticapi.

It stands last in ``sys.meta_path``, so what is installed is always found first and used untouched. The modules get
proper specs, because mmengine asks ``importlib.util.find_spec('mmcv._ext')``.
"""
import importlib
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from types import ModuleType
from typing import Optional, Sequence

from .hints import install_hint

NAME = 'mmcv._ext'
ORIGIN = 'mmrice.compat.ops'
PANOPTIC, PANOPTIC_ORIGIN = 'panopticapi', 'mmrice.compat.panoptic'


class StandInFinder(MetaPathFinder, Loader):
    """Finds and loads the stand-ins for ``mmcv._ext`` and panopticapi; answers for no other module."""

    def find_spec(self, fullname: str, path: Optional[Sequence[str]] = None,
                  target: Optional[ModuleType] = None) -> Optional[ModuleSpec]:
        """Return the stand-in's spec, or None for every other module."""
        if fullname in (PANOPTIC, f'{PANOPTIC}.utils', f'{PANOPTIC}.evaluation'):
            return ModuleSpec(fullname, self, origin=PANOPTIC_ORIGIN, is_package=fullname == PANOPTIC)
        return ModuleSpec(fullname, self, origin=ORIGIN) if fullname == NAME else None

    def create_module(self, spec: ModuleSpec) -> None:
        """Use Python's ordinary module object."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Fill panopticapi, or ``mmcv._ext`` with the ops; every other op becomes a function that raises its name.

        Raises:
            ImportError: torchvision, whose kernels do the work, is missing.
        """
        if module.__spec__.origin == PANOPTIC_ORIGIN:
            importlib.import_module(PANOPTIC_ORIGIN).fill(module)
            return
        if find_spec('torchvision') is None:
            raise ImportError('This mmcv has no compiled ops, and mmrice takes their place with the kernels of '
                              f'torchvision, which is not installed. {install_hint("torchvision")}', name=NAME)
        ops = importlib.import_module(ORIGIN)
        module.__dict__.update(ops.supplied())
        module.__getattr__ = ops.missing


def install() -> None:
    """Append the finder to ``sys.meta_path`` unless it is there."""
    if not any(isinstance(finder, StandInFinder) for finder in sys.meta_path):
        sys.meta_path.append(StandInFinder())


def compiled_spec() -> Optional[ModuleSpec]:
    """Find mmcv's compiled ops without importing mmcv.

    Returns:
        The spec of the compiled extension module, or None where mmcv or its ops are missing.
    """
    mmcv = find_spec('mmcv')
    if mmcv is None or mmcv.submodule_search_locations is None:
        return None
    return PathFinder.find_spec(NAME, list(mmcv.submodule_search_locations))
