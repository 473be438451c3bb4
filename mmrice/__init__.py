"""mmrice: pretrain vision encoders on regions with MMPretrain, carry them to MMDet and MMSeg.

Importing it is cheap: no torch, no host library and no model is imported. It makes ``_base_ = 'mmrice::...'``
resolvable and installs the stand-ins of :mod:`mmrice.compat` for whatever is missing.
"""
from .compat import install
from .utils.config_scope import register_config_scope
from .version import __version__

install()
register_config_scope()

__all__ = ['__version__']
