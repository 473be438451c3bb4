"""What is built and installed: a wheel, an sdist and an editable install, each with its configs and tools."""
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = {'.venv', '.git', 'data', 'work_dirs', 'build', 'dist', '.mim', '__pycache__'}
RESOLVE = """
import os, sys
import mmrice
from mmengine.config import Config
from mmengine.config.utils import _get_cfg_metainfo
from mmengine.utils import get_installed_path
assert 'torch' not in sys.modules
bases = ['mmrice::quick/rice_vit-tiny_mini.py']
open('child.py', 'w').write(f'_base_ = {bases!r}')
cfg = Config.fromfile('child.py')
assert cfg.model.type.endswith('RICE'), cfg.model
meta = _get_cfg_metainfo(get_installed_path('mmrice'), 'quick/rice_vit-tiny_mini.py')
assert meta['Name'] == 'rice_vit-tiny_mini', meta
from mmengine.hub import get_config
assert get_config('mmrice::quick/rice_vit-tiny_mini.py').model.type == cfg.model.type
print(mmrice.__path__[0])
"""


def run(*command, cwd, **env):
    """Run a command without network; its output, or a failure that shows it."""
    done = subprocess.run([str(word) for word in command], cwd=cwd, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env={**os.environ, 'PIP_NO_INDEX': '1', 'PYTHONPATH': '', **env})
    assert done.returncode == 0, done.stdout
    return done.stdout


def listing(folder):
    """Files under a folder of the repository that belong in a distribution."""
    files = (path.relative_to(ROOT) for path in (ROOT / folder).rglob('*') if path.is_file())
    return {path.as_posix() for path in files if not LEFT_OUT.intersection(path.parts) and path.suffix != '.pyc'}


@pytest.fixture(scope='module')
def checkout(tmp_path_factory):
    """A copy of the source tree that a test may build in."""
    target = tmp_path_factory.mktemp('source') / 'mmrice-checkout'
    shutil.copytree(ROOT, target, ignore=lambda folder, names: LEFT_OUT.intersection(names) | {'tests'}.intersection(
        names) | {name for name in names if name.endswith('.egg-info')})
    return target


@pytest.fixture(scope='module')
def built(checkout, tmp_path_factory):
    """The sdist, and the wheel that is built from it: the order in which a release is made."""
    out = tmp_path_factory.mktemp('dist')
    run(sys.executable, '-m', 'build', '--no-isolation', '--outdir', out, '.', cwd=checkout)
    (sdist, ), (wheel, ) = out.glob('*.tar.gz'), out.glob('*.whl')
    return {'sdist': sdist, 'wheel': wheel}


def members(archive):
    """Names of the files in a wheel or an sdist, without the sdist's top folder."""
    if archive.suffix == '.whl':
        return set(zipfile.ZipFile(archive).namelist())
    with tarfile.open(archive) as tar:
        return {PurePosixPath(*PurePosixPath(item.name).parts[1:]).as_posix() for item in tar if item.isfile()}


@pytest.mark.parametrize('kind', ['wheel', 'sdist'])
def test_distribution_holds_all_configs_and_tools_in_mim(built, kind):
    expected = {f'mmrice/.mim/{name}' for name in listing('configs') | listing('tools') | {'model-index.yml'}}
    assert len(listing('configs')) > 4
    assert {name for name in members(built[kind]) if name.startswith('mmrice/.mim/')} == expected


@pytest.mark.parametrize('kind', ['wheel', 'sdist'])
def test_distribution_holds_every_file_of_the_package(built, kind):
    assert listing('mmrice') <= members(built[kind])


@pytest.mark.parametrize('kind', ['wheel', 'sdist'])
def test_distribution_holds_no_tests_data_or_results(built, kind):
    tops = {name.partition('/')[0] for name in members(built[kind])}
    assert not tops & {'tests', 'data', 'work_dirs', '.venv', '.git', 'build'}
    if kind == 'wheel':
        assert {top for top in tops if not top.endswith('.dist-info')} == {'mmrice'}


def test_sdist_can_be_read_and_built_without_the_repository(built):
    needed = {'setup.py', 'setup.cfg', 'configs/quick/metafile.yml', 'requirements/constraints.txt', 'LICENSE'}
    assert needed <= members(built['sdist'])


def test_wheel_requires_no_host_library(built):
    with zipfile.ZipFile(built['wheel']) as wheel:
        metadata, = (name for name in wheel.namelist() if name.endswith('.dist-info/METADATA'))
        lines = wheel.read(metadata).decode().splitlines()
    hard = [line for line in lines if line.startswith('Requires-Dist:') and 'extra ==' not in line]
    assert any('torch' in line for line in hard)
    assert not [line for line in hard if 'mmcv' in line or 'mmengine' in line or 'mmdet' in line or 'onedl' in line]
    assert {'mminstall', 'openmmlab', 'data', 'tests', 'all'} <= {line[16:] for line in lines if
                                                                 line.startswith('Provides-Extra: ')}


def test_build_leaves_no_mim_in_the_source_tree(checkout, built):
    assert not (checkout / 'mmrice' / '.mim').exists()


def test_configs_resolve_from_an_installed_wheel(built, tmp_path):
    site = tmp_path / 'site'
    run(sys.executable, '-m', 'pip', 'install', '--no-deps', '--target', site, built['wheel'], cwd=tmp_path)
    used = run(sys.executable, '-c', RESOLVE, cwd=tmp_path, PYTHONPATH=str(site)).splitlines()[-1]
    assert Path(used) == site / 'mmrice'


def test_configs_resolve_from_a_checkout_that_is_not_installed(checkout, tmp_path):
    used = run(sys.executable, '-c', RESOLVE, cwd=tmp_path, PYTHONPATH=str(checkout)).splitlines()[-1]
    assert Path(used) == checkout / 'mmrice'


def test_configs_resolve_from_an_editable_install(checkout, tmp_path):
    source, venv = tmp_path / 'source', tmp_path / 'venv'
    shutil.copytree(checkout, source)
    run(sys.executable, '-m', 'venv', '--without-pip', venv, cwd=tmp_path)
    site = Path(sysconfig.get_path('purelib', vars={'base': str(venv)}))
    # The packages of the environment that runs the tests, but not an mmrice installed there.
    (site / 'outer.pth').write_text(sysconfig.get_path('purelib') + '\n')
    python = venv / 'bin' / 'python'
    install = '-m pip install --no-build-isolation --no-deps --ignore-installed -e .'
    run(python, *install.split(), cwd=source)
    assert {path.name for path in (source / 'mmrice' / '.mim').iterdir()} == {'configs', 'tools', 'model-index.yml'}
    assert (source / 'mmrice' / '.mim' / 'configs').is_symlink()
    assert (source / 'mmrice' / '.mim' / 'configs' / 'quick' / 'metafile.yml').is_file()
    used = run(python, '-c', RESOLVE, cwd=tmp_path).splitlines()[-1]
    assert Path(used) == source / 'mmrice'


def test_every_folder_with_modules_is_a_package():
    modules = [path for path in (ROOT / 'mmrice').rglob('*.py') if '.mim' not in path.parts]
    assert len(modules) > 20
    assert not [path.parent for path in modules if not (path.parent / '__init__.py').is_file()]


def test_import_brings_neither_torch_nor_a_host(tmp_path):
    code = ('import sys, mmrice; '
            'print([name for name in ("torch", "cv2", "mmcv", "mmdet", "mmseg", "mmpretrain") if name in sys.modules])')
    assert run(sys.executable, '-c', code, cwd=tmp_path, PYTHONPATH=str(ROOT)).splitlines()[-1] == '[]'


def test_missing_config_names_the_nearest_one():
    from mmengine.config import Config

    from mmrice.utils import UserError
    with pytest.raises(UserError, match=r'Did you mean mmrice::quick/rice_vit-tiny_mini\.py\?'):
        Config._get_cfg_path('mmrice::quick/rice_vit-tiny_min.py', 'x.py')
