"""Set up the environment that `make demo` and `make test` run in; needs only the standard library.

Makes the virtual environment where there is none, installs the pinned packages and mmrice itself in editable mode, and
notes it in a stamp, so that the next call is instant until a file of requirements/ changes. Nothing is compiled: a
plain onedl-mmcv comes without compiled ops, and mmrice supplies the ones that are needed.

With --python an environment of yours is used instead. It must have torch; what is missing is installed beside it, and
what it has already is left alone.

Example: python3 tools/misc/setup_env.py --venv .venv --tests
"""
import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OLDEST = (3, 10)
TRIED = ('python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10')
GROUPS = ('mminstall', 'runtime', 'data')
# What stands for each group in an environment that was not made here: both flavours of the stack answer to it.
MODULES = {
    'mminstall': ['mmengine', 'mmcv', 'mmdet', 'mmseg', 'mmpretrain'],
    'runtime': ['faster_coco_eval', 'lvis', 'numpy', 'PIL', 'pycocotools', 'safetensors', 'terminaltables', 'torch',
                'torchvision'],
    'data': ['cv2', 'faiss', 'nltk', 'onnxruntime', 'open_clip', 'pyarrow', 'rapidocr', 'scipy', 'skimage', 'textblob'],
    'tests': ['build', 'codespell_lib', 'onnx', 'pre_commit', 'pytest', 'ray', 'ruff', 'setuptools', 'transformers',
              'xdist'],
}
# Prints the constraints with the versions that an environment has already in place of ours.
HELD = """
import sys
from importlib.metadata import PackageNotFoundError, version
for line in open(sys.argv[1]):
    name = line.partition('==')[0].strip()
    if name and not name.startswith('#'):
        try:
            print(f'{name}=={version(name)}')
        except PackageNotFoundError:
            print(line.strip())
"""

# Whether a distribution of the originals is there; the forks have other names and write the same packages.
UPSTREAM = """
import importlib.metadata as m, sys
names = {d.metadata['Name'] for d in m.distributions()}
sys.exit(not names & {'mmengine', 'mmcv', 'mmcv-lite', 'mmdet', 'mmsegmentation', 'mmpretrain'})
"""


def say(message):
    """Print a line of progress at once."""
    print('mmrice setup: ' + message, flush=True)


def fail(message):
    """Leave with a message and exit status 1."""
    sys.exit('mmrice: ' + message)


def run(command, **kwargs):
    """Show a command and run it from the root; leave where it fails."""
    print('+ ' + ' '.join(command), flush=True)
    if subprocess.call(command, cwd=ROOT, **kwargs):
        fail('the command above failed; its own message says why. Running make again goes on from there.')


def succeeds(python, code):
    """Whether ``python`` exists and ``python -c code`` exits with 0."""
    quiet = {'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL}
    # Away from the root, where `import mmrice` would find the checkout whether it is installed or not.
    folder = os.path.dirname(os.path.abspath(python))
    return os.path.exists(python) and subprocess.call([python, '-c', code], cwd=folder, **quiet) == 0


def has(python, modules):
    """Whether ``python`` could import each of ``modules``; none is imported."""
    return succeeds(python, f'import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, {modules})))')


def requirements(name):
    """Path of a requirements file, relative to the root."""
    return os.path.join('requirements', name + '.txt')


def find_python():
    """A Python of at least 3.10 with venv: this one, else one on PATH."""
    check = f'import sys, venv, ensurepip; sys.exit(sys.version_info < {OLDEST})'
    for candidate in (sys.executable, ) + TRIED:
        path = shutil.which(candidate)
        if path and succeeds(path, check):
            return path
    return fail(f'Python >= 3.10 with venv is needed and was not found (this is {sys.executable}, '
                f'{sys.version.split()[0]}). Install it (Debian: apt-get install python3 python3-venv), or name an '
                'environment that has torch: make ... PYTHON=/path/to/python')


def wanted(groups, python):
    """A hash of everything that the environment depends on."""
    digest = hashlib.sha256(python.encode())
    for name in groups + ('constraints', ):
        with open(os.path.join(ROOT, requirements(name)), 'rb') as stream:
            digest.update(stream.read())
    for name in ('setup.py', 'setup.cfg'):
        with open(os.path.join(ROOT, name), 'rb') as stream:
            digest.update(stream.read())
    return digest.hexdigest()


def stamp_of(venv, groups):
    """The file that notes the state in which ``groups`` were installed."""
    return os.path.join(venv, '.mmrice-' + '-'.join(groups))


def is_ready(venv, groups, python):
    """Whether ``groups``, alone or with the tests', were installed in their present state."""
    for done in (groups, GROUPS + ('tests', )):
        if os.path.exists(stamp_of(venv, done)):
            with open(stamp_of(venv, done)) as stream:
                if stream.read() == wanted(done, python):
                    return True
    return False


def install_mmrice(python):
    """Install mmrice itself in editable mode."""
    run([python, '-m', 'pip', 'install', '--no-deps', '-e', '.'])


def setup_venv(venv, groups):
    """Make ``venv`` where there is none and install the pinned packages in it."""
    python = os.path.join(venv, 'bin', 'python')
    if not succeeds(python, 'import pip'):
        say(f'making {venv}')
        run([find_python(), '-m', 'venv', venv])
    if is_ready(venv, groups, python):
        return
    pins = ['-c', requirements('constraints')]
    say('installing the pinned packages (2.5 GB the first time, minutes; seconds when they are there)')
    run([python, '-m', 'pip', 'install'] + pins + [word for name in groups for word in ('-r', requirements(name))])
    if not succeeds(python, 'import cv2'):
        say('cv2 does not load here (no libGL); putting the headless flavour last, which needs no display')
        run([python, '-m', 'pip', 'install', '--no-deps', '--force-reinstall'] + pins + ['opencv-python-headless'])
    install_mmrice(python)
    with open(stamp_of(venv, groups), 'w') as stream:
        stream.write(wanted(groups, python))


def setup_given(python, groups):
    """Install into the environment of ``python`` what it lacks, and leave alone what it has."""
    path = shutil.which(python)
    if path is None:
        return fail(f'PYTHON={python}: there is no such program.')
    path = os.path.abspath(path)
    if not succeeds(path, f'import sys; sys.exit(sys.version_info < {OLDEST})'):
        fail(f'PYTHON={python} is older than Python 3.10.')
    if not has(path, ['torch', 'torchvision']):
        fail(f'PYTHON={python} lacks torch or torchvision. Install both there, or leave PYTHON out to use .venv.')
    missing = [name for name in groups if not has(path, MODULES[name])]
    if 'mminstall' in missing and succeeds(path, UPSTREAM):
        fail(f'PYTHON={python} has a part of the OpenMMLab originals. Add the rest yourself, from '
             'requirements/mminstall-openmmlab.txt: the forks would be written over what is there.')
    if missing:
        say('installing what this environment lacks: ' + ', '.join(missing))
        held = os.path.join(ROOT, 'build', 'held.txt')
        os.makedirs(os.path.dirname(held), exist_ok=True)
        with open(held, 'w') as stream:
            subprocess.check_call([path, '-c', HELD, os.path.join(ROOT, requirements('constraints'))], stdout=stream)
        run([path, '-m', 'pip', 'install', '-c', held] + [w for name in missing for w in ('-r', requirements(name))])
    package = os.path.join(ROOT, 'mmrice')
    if not succeeds(path, f'import mmrice, os, sys; sys.exit(not os.path.samefile({package!r}, mmrice.__path__[0]))'):
        install_mmrice(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--venv', default='.venv', help='folder of the virtual environment (default: .venv)')
    parser.add_argument('--python', default='', help='use the environment of this Python instead')
    parser.add_argument('--tests', action='store_true', help='also install what the tests and linting need')
    args = parser.parse_args()
    os.environ.update(MMCV_WITH_OPS='0', PIP_DISABLE_PIP_VERSION_CHECK='1')
    groups = GROUPS + (('tests', ) if args.tests else ())
    started = time.time()
    if args.python:
        setup_given(args.python, groups)
    else:
        setup_venv(os.path.join(ROOT, args.venv), groups)
    say(f'ready in {time.time() - started:.0f} s')


if __name__ == '__main__':
    main()
