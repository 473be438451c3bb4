"""Turn the exceptions of registries into one clear line."""
import difflib
import re
from contextlib import contextmanager
from typing import Iterator, List, Optional

from mmengine import registry as roots
from mmengine.registry import Registry

from mmrice.compat import install_hint
from mmrice.utils import UserError

_UNKNOWN = re.compile(r'([\w.]+) is not in the ([\w.]*)::([\w ]+) registry')
_ARGUMENT = re.compile(r"(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'")
_HOSTS = ('mmpretrain', 'mmdet', 'mmseg', 'mmcv')


@contextmanager
def user_errors() -> Iterator[None]:
    """Raise :class:`UserError` for an unknown registry name or argument, or a host that is not installed.

    Anything else passes unchanged.
    """
    try:
        yield
    except KeyError as error:
        found = _UNKNOWN.search(str(error))
        if found is None:
            raise
        name, scope, registry = found.groups()
        near = nearest_type(name, scope, registry)
        hint = f'Did you mean {near!r}?' if near else "Types of other libraries need a prefix, as in 'mmrice.RICEViT'."
        raise UserError(f'the config has type={name!r}, which is no {registry} that {scope} knows. {hint}') from error
    except TypeError as error:
        found = _ARGUMENT.search(str(error))
        if found is None:
            raise
        raise UserError(f'the config gives {found.group(1)} a field {found.group(2)!r}, which it does not take. '
                        'Correct it, or drop it with _delete_=True where a base config sets it.') from error
    except ModuleNotFoundError as error:
        if (error.name or '').split('.')[0] not in _HOSTS:
            raise
        raise UserError(f'the config needs {error.name}, which is not installed. {install_hint(error.name)}') from error


def nearest_type(name: str, scope: str, registry: str) -> Optional[str]:
    """The known type most like a name.

    Args:
        name: What the config says, with or without a prefix.
        scope: Scope that was searched.
        registry: Name of the registry, such as 'model'.

    Returns:
        str: A name to write in a config; None where nothing is like it.
    """
    root = next((item for item in vars(roots).values() if isinstance(item, Registry)
                 and registry in {item.name, *(child.name for child in item.children.values())}), None)
    if root is None:
        return None
    wanted = name.rpartition('.')[2]
    for names in _names(root, name.rpartition('.')[0] or scope):
        near = difflib.get_close_matches(wanted, names, n=1)
        if near:
            return names[near[0]]
    return None


def _names(root: Registry, scope: str) -> List[dict]:
    """{bare name: name to write}: of the scope and the root, then of each other scope."""
    children = {child.scope: child for child in root.children.values()}
    order = [scope] + [other for other in children if other != scope]
    own, others = {item: item for item in root.module_dict}, []
    for each in order:
        child = children.get(each)
        if child is None:
            continue
        child.import_from_location()
        bare = child.known() if hasattr(child, 'known') else list(child.module_dict)
        written = {item: item if each == scope and each != 'mmrice' else f'{each}.{item}' for item in bare}
        if each == scope:
            own.update(written)
        else:
            others.append(written)
    return [own, *others]
