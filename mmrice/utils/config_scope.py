"""Make ``_base_ = 'mmrice::...'`` (and ``'mmseg::...'`` with the forks) resolvable.

mmengine needs help in three places to inherit a config of ours from another package's:

* a hard-coded table maps the scope to a distribution; it lacks mmrice, and says ``mmsegmentation`` for mmseg, which is
  not the name of the fork's distribution;
* the configs are looked up in ``<package>/.mim``, which a source checkout that was never installed does not have;
* what is inherited is stamped ``_scope_='mmrice'``, while our configs are written for the default scope of their host.
  Without the stamp ``mmrice::`` means exactly what the path of the file means.
"""
import difflib
import functools
import importlib.util
import os.path as osp
import sys
from pathlib import Path
from typing import Callable, Optional, Tuple

from .errors import UserError

PACKAGE = Path(__file__).resolve().parents[1]
# Modules of mmengine that hold the two functions by name; the hub imports torch, so it is patched only when loaded.
_HOLDERS = ('mmengine.config.utils', 'mmengine.config.config', 'mmengine.hub.hub')


def config_root() -> Path:
    """The folder that holds ``configs/`` and ``model-index.yml``: the checkout's root, else ``mmrice/.mim``.

    Raises:
        UserError: Neither is there.
    """
    for root in (PACKAGE.parent, PACKAGE / '.mim'):
        if (root / 'model-index.yml').is_file() and (root / 'configs').is_dir():
            return root
    raise UserError(f'{PACKAGE / ".mim"}: the configs of mmrice are missing. Install mmrice again with pip.')


def register_config_scope() -> None:
    """Teach mmengine where mmrice's configs are, in place; calling it again changes nothing."""
    if importlib.util.find_spec('mmengine') is None:
        return
    from mmengine.config import Config, utils
    utils.MODULE2PACKAGE.update(mmseg='mmseg', mmrice='mmrice')
    for name, wrap in (('_get_cfg_metainfo', _wrap_metainfo), ('_get_external_cfg_base_path', _wrap_base_path)):
        original = getattr(utils, name)
        wrapped = original if hasattr(original, '__wrapped__') else wrap(original)
        for holder in map(sys.modules.get, _HOLDERS):
            if hasattr(holder, name):
                setattr(holder, name, wrapped)
    if not hasattr(Config._get_cfg_path, '__wrapped__'):
        Config._get_cfg_path = staticmethod(_wrap_cfg_path(Config._get_cfg_path))


def _is_ours(package_path: str) -> bool:
    # By name: for an editable install some mmengines answer with a folder of site-packages that does not exist.
    return osp.basename(osp.normpath(package_path)) == PACKAGE.name


def _wrap_cfg_path(original: Callable) -> Callable[[str, str], Tuple[str, Optional[str]]]:

    @functools.wraps(original)
    def get_cfg_path(cfg_path: str, filename: str) -> Tuple[str, Optional[str]]:
        path, scope = original(cfg_path, filename)
        return path, None if scope == PACKAGE.name else scope

    return get_cfg_path


def _wrap_metainfo(original: Callable[[str, str], dict]) -> Callable[[str, str], dict]:

    @functools.wraps(original)
    def get_cfg_metainfo(package_path: str, cfg_path: str) -> dict:
        if not _is_ours(package_path):
            return original(package_path, cfg_path)
        from mmengine.fileio import load
        root = config_root()
        for metafile in load(root / 'model-index.yml')['Import']:
            for model in load(root / metafile)['Models']:
                if model['Config'] == f'configs/{cfg_path}':
                    # Absolute, so that the callers' join with '.mim' leaves it alone.
                    return {**model, 'Config': str(root / model['Config'])}
        raise ValueError(f'{cfg_path} is in no metafile of mmrice')  # callers go on with the plain path

    return get_cfg_metainfo


def _wrap_base_path(original: Callable[[str, str], str]) -> Callable[[str, str], str]:

    @functools.wraps(original)
    def get_external_cfg_base_path(package_path: str, cfg_name: str) -> str:
        if not _is_ours(package_path):
            return original(package_path, cfg_name)
        configs = config_root() / 'configs'
        if not (configs / cfg_name).is_file():
            known = (path.relative_to(configs).as_posix() for path in configs.rglob('*.py'))
            near = difflib.get_close_matches(cfg_name, known, n=1)
            raise UserError(f'mmrice::{cfg_name}: there is no such config in {configs}.'
                            + (f' Did you mean mmrice::{near[0]}?' if near else ''))
        return str(configs / cfg_name)

    return get_external_cfg_base_path
