"""Small helpers that need neither torch nor a host library."""
from .atomic import atomic_path, atomic_write
from .config_scope import register_config_scope
from .errors import UserError, run_cli

__all__ = ['UserError', 'atomic_path', 'atomic_write', 'register_config_scope', 'run_cli']
