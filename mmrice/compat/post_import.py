"""Run a function right after a module was imported, without importing it now."""
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Callable, Dict, Optional, Sequence


class PostImportFinder(MetaPathFinder):
    """Leaves the finding to the other finders and adds a call to the end of the module's execution.

    It does nothing for modules without a hook, and the modules' loaders stay what they are.
    """

    def __init__(self) -> None:
        self.hooks: Dict[str, Callable[[ModuleType], None]] = {}

    def find_spec(self, fullname: str, path: Optional[Sequence[str]] = None,
                  target: Optional[ModuleType] = None) -> Optional[ModuleSpec]:
        """Return the spec that the other finders have for a hooked module, with the hook attached."""
        hook = self.hooks.get(fullname)
        if hook is None:
            return None
        specs = (finder.find_spec(fullname, path, target) for finder in sys.meta_path
                 if finder is not self and hasattr(finder, 'find_spec'))
        spec = next((spec for spec in specs if spec is not None), None)
        if spec is not None and hasattr(spec.loader, 'exec_module'):
            execute = spec.loader.exec_module

            def execute_and_hook(module: ModuleType) -> None:
                execute(module)
                hook(module)

            spec.loader.exec_module = execute_and_hook
        return spec


def after_import(name: str, hook: Callable[[ModuleType], None]) -> None:
    """Call ``hook(module)`` when ``name`` has been imported, at once if it already is.

    Args:
        name: Full name of the module.
        hook: Gets the module. A later hook for the same module replaces an earlier one.
    """
    finder = next((finder for finder in sys.meta_path if isinstance(finder, PostImportFinder)), None)
    if finder is None:
        finder = PostImportFinder()
        sys.meta_path.insert(0, finder)
    finder.hooks[name] = hook
    if name in sys.modules:
        hook(sys.modules[name])
