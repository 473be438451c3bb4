"""Build mmrice; the metadata is in setup.cfg.

This file adds ``mmrice/.mim`` (the configs, the tools and model-index.yml), where mim and ``_base_ = 'mmrice::...'``
look for them: copies in a wheel and an sdist, links in an editable install. pip calls ``dist_info`` and
``editable_wheel`` and never ``develop``, so the work hangs on ``build_py``, which all of them run.
"""
import os
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).resolve().parent
CONTENTS = ('configs', 'tools', 'model-index.yml')


def _copy(source, target):
    if source.is_dir():
        ignore = shutil.ignore_patterns('__pycache__', '*.py[cod]', '.*')
        shutil.copytree(source, target, ignore=ignore)
    else:
        shutil.copy2(source, target)


def _link(source, target):
    try:
        target.symlink_to(os.path.relpath(source, target.parent), target_is_directory=source.is_dir())
    except OSError:  # Windows without the right to make links
        _copy(source, target)


def make_mim(package, put):
    """Fill ``package/.mim`` anew.

    Args:
        package (Path): The folder of the package that gets it.
        put (callable): ``_copy`` or ``_link``, called with source and target.
    """
    mim = package / '.mim'
    if mim.exists():
        shutil.rmtree(mim)
    mim.mkdir(parents=True)
    for name in CONTENTS:
        put(ROOT / name, mim / name)


class BuildPy(build_py):
    """Add .mim to what is built, or to the source tree where that is what gets imported."""

    def run(self):
        super().run()
        if self.editable_mode:
            make_mim(ROOT / 'mmrice', _link)
        else:
            make_mim(Path(self.build_lib) / 'mmrice', _copy)


class SDist(sdist):
    """Add .mim to the source archive, so that an unpacked one is complete before it is built."""

    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, files)
        make_mim(Path(base_dir) / 'mmrice', _copy)


setup(cmdclass={'build_py': BuildPy, 'sdist': SDist})
