"""Everything that knows about forks, versions and mmcv without compiled ops.

:mod:`.stand_in` supplies ``mmcv._ext`` where it is missing (the ops are in :mod:`.ops`), :mod:`.transformers_names`
puts back what transformers 5 took from mmpretrain, :mod:`.quiet` drops messages that say nothing, :mod:`.versions`
knows the combinations that fail and :mod:`.hints` the commands that install things; :mod:`.environment` reports on all
of it. Nothing here imports torch or a host library before somebody else does.
"""
from . import quiet, stand_in, transformers_names, versions
from .hints import install_hint

__all__ = ['install', 'install_hint']


def install() -> None:
    """Install the stand-ins and warn about combinations of versions that fail: cheap, lazy and idempotent."""
    stand_in.install()
    transformers_names.install()
    quiet.install()
    versions.warn_once()
