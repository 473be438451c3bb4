"""Read a config for a tool, with hints where the path or an override is wrong."""
import difflib
from pathlib import Path
from typing import Any, Dict, List, Optional

from mmengine.config import Config, ConfigDict

from mmrice.compat import install_hint
from mmrice.utils import UserError

_PACKAGE = Path(__file__).parents[1]
_CONFIG_ROOTS = (_PACKAGE.parent / 'configs', _PACKAGE / '.mim' / 'configs')


def load_config(path: str, options: Optional[Dict[str, Any]] = None) -> Config:
    """Read a config of a model and apply ``--cfg-options``.

    Args:
        path: File of the config.
        options: {dotted key: value}. A key whose parent does not exist is applied, and warned about.

    Returns:
        Config: The config.

    Raises:
        UserError: See :func:`read_config` and :func:`apply_options`; or it is not a training config.
    """
    cfg = read_config(path)
    if cfg.get('model') is None and cfg.get('default_scope') is None:
        raise UserError(f'{path}: has neither model nor default_scope; it is not a training config.')
    apply_options(cfg, options or {})
    return cfg


def read_config(path: str) -> Config:
    """Read a config of any kind.

    Args:
        path: File of the config, or one of a package, such as 'mmdet::retinanet/retinanet_r18_fpn_1x_coco.py'.

    Raises:
        UserError: No such file (the nearest one is named), or not a config.
    """
    if '::' in path:
        path = _of_a_package(path)
    if not Path(path).is_file():
        nearest = _nearest_config(Path(path))
        raise UserError(f'{path}: no such config.' + (f' Did you mean {nearest}?' if nearest else ''))
    try:
        return Config.fromfile(path)
    except FileNotFoundError as error:
        raise UserError(f'{path}: a config that it builds on does not exist: {error}.') from error
    except ModuleNotFoundError as error:
        host = error.name or str(error).split(' ')[0]
        raise UserError(f'{path}: needs {host}, which is not installed. {install_hint(host)}') from error
    except SyntaxError as error:
        raise UserError(f'{path}: line {error.lineno}: {error.msg}.') from error
    except (AttributeError, ValueError, OSError, ImportError) as error:
        raise UserError(f'{path}: cannot be read as a config ({error}).') from error


def _of_a_package(path: str) -> str:
    """The file of 'package::path in its configs'."""
    package = path.partition('::')[0]
    try:
        return Config._get_cfg_path(path, '')[0]
    except ModuleNotFoundError as error:
        raise UserError(f'{path}: {package} is not installed. {install_hint(package)}') from error
    except (FileNotFoundError, ValueError, AssertionError) as error:
        raise UserError(f'{path}: no such config. Expected a file, or mmdet::, mmseg::, mmpretrain:: or mmrice:: and a '
                        'path in the configs of that package.') from error


def apply_options(cfg: Config, options: Dict[str, Any]) -> None:
    """Change a config; what is added instead of changed is warned about.

    Args:
        cfg: Changed in place.
        options: {dotted key: value}.

    Raises:
        UserError: An option cannot be applied.
    """
    for warning in unknown_keys(cfg, options):
        print(f'mmrice: warning: {warning}')
    try:
        cfg.merge_from_dict(options)
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f'--cfg-options: {error.args[0] if error.args else error}') from error


def section(cfg: Config, name: str) -> ConfigDict:
    """A dict field of a config, made where it is absent or None.

    Args:
        cfg: Changed in place.
        name: The field.

    Returns:
        ConfigDict: The field itself.
    """
    if cfg.get(name) is None:
        cfg[name] = ConfigDict()
    return cfg[name]


def unknown_keys(cfg: Config, options: Dict[str, Any]) -> List[str]:
    """Find overrides that create fields instead of changing them.

    Args:
        cfg: The config before the overrides.
        options: {dotted key: value}.

    Returns:
        list[str]: One sentence for each key whose parent does not exist, with the nearest existing name.
    """
    warnings = []
    for key in options:
        node, names = cfg._cfg_dict, key.split('.')
        for depth, name in enumerate(names):
            if isinstance(node, dict) and name in node:
                node = node[name]
            elif isinstance(node, (list, tuple)) and name.isdigit() and int(name) < len(node):
                node = node[int(name)]
            else:
                if depth == 0 or depth < len(names) - 1:
                    where = '.'.join(names[:depth]) or 'the config'
                    known = list(node) if isinstance(node, dict) else []
                    near = difflib.get_close_matches(name, known, n=1)
                    hint = f'; did you mean {near[0]!r}?' if near else ''
                    warnings.append(f'--cfg-options {key}: {where} has no field {name!r}, it is added{hint}')
                break
    return warnings


def _nearest_config(path: Path) -> Optional[Path]:
    folder = next((parent for parent in path.parents if parent.is_dir()), Path())
    known: Dict[str, Path] = {found.stem: found for found in sorted(folder.glob('*.py'))}
    for root in (Path('configs'), folder / 'configs', *_CONFIG_ROOTS):
        for found in sorted(root.rglob('*.py')):
            known.setdefault(found.stem, found)
    near = difflib.get_close_matches(path.stem, known, n=1, cutoff=0.4)
    return known[near[0]] if near else None
