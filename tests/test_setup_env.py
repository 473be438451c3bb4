"""The set-up that `make` runs, and the requirements that it installs."""
import importlib.util
import re
import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / 'tools' / 'misc' / 'setup_env.py'


def load(name):
    """A script under tools/misc as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / 'tools' / 'misc' / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def names(requirements):
    """Normalised names of the packages that a requirements file lists."""
    lines = (ROOT / 'requirements' / requirements).read_text().splitlines()
    found = [re.match(r'[\w.-]+', line) for line in lines if not line.startswith('#')]
    return [re.sub(r'[-_.]+', '-', match.group()).lower() for match in found if match]


def setup(*arguments):
    return subprocess.run([sys.executable, str(SCRIPT), *map(str, arguments)], text=True, capture_output=True)


@pytest.fixture
def empty_python(tmp_path):
    """The Python of an environment without any package."""
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', str(tmp_path / 'venv')], check=True)
    return tmp_path / 'venv' / 'bin' / 'python'


@pytest.mark.parametrize('group', ['mminstall', 'runtime', 'data', 'tests'])
def test_every_required_package_is_pinned(group):
    pinned = set(names('constraints.txt')) | set(names('mminstall.txt')) | {'setuptools'}
    assert len(names(f'{group}.txt')) >= 5
    assert set(names(f'{group}.txt')) <= pinned


def test_each_pin_is_exact_and_stands_once():
    lines = [line for line in (ROOT / 'requirements/constraints.txt').read_text().splitlines() if line.strip('# ')]
    pins = [line for line in lines if not line.startswith('#')]
    assert len(pins) > 80
    assert all(re.fullmatch(r'[\w.-]+==[\w.]+', pin) for pin in pins)
    assert len(set(names('constraints.txt'))) == len(pins)


def test_both_opencv_flavours_are_pinned_at_one_version():
    text = (ROOT / 'requirements/constraints.txt').read_text()
    gui, headless = re.findall(r'^opencv-python(?:-headless)?==(.+)$', text, re.M)
    assert gui == headless


def test_modules_that_stand_for_a_group_cover_its_requirements():
    modules = load('setup_env').MODULES
    for group in ('mminstall', 'runtime', 'data', 'tests'):
        assert len(modules[group]) == len(names(f'{group}.txt'))


def test_given_python_that_does_not_exist_is_one_line():
    done = setup('--python', 'no-such-python')
    assert (done.returncode, done.stderr) == (1, 'mmrice: PYTHON=no-such-python: there is no such program.\n')


def test_given_python_without_torch_is_one_line_and_installs_nothing(empty_python):
    done = setup('--python', empty_python)
    assert done.returncode == 1
    assert re.fullmatch(r'mmrice: PYTHON=\S+ lacks torch or torchvision\..+\n', done.stderr)
    assert 'pip install' not in done.stdout


def test_environment_is_ready_until_a_requirements_file_changes(tmp_path, monkeypatch):
    script = load('setup_env')
    groups = script.GROUPS
    assert not script.is_ready(str(tmp_path), groups, 'python')
    Path(script.stamp_of(str(tmp_path), groups)).write_text(script.wanted(groups, 'python'))
    assert script.is_ready(str(tmp_path), groups, 'python')
    assert not script.is_ready(str(tmp_path), (*groups, 'tests'), 'python')
    assert not script.is_ready(str(tmp_path), groups, 'another python')
    shutil.copytree(ROOT / 'requirements', tmp_path / 'requirements')
    for name in ('setup.py', 'setup.cfg'):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.setattr(script, 'ROOT', str(tmp_path))
    assert script.is_ready(str(tmp_path), groups, 'python')
    with open(tmp_path / 'requirements' / 'data.txt', 'a') as stream:
        stream.write('another-package\n')
    assert not script.is_ready(str(tmp_path), groups, 'python')


def test_set_up_with_the_tests_serves_the_demo_too(tmp_path):
    script = load('setup_env')
    groups = (*script.GROUPS, 'tests')
    Path(script.stamp_of(str(tmp_path), groups)).write_text(script.wanted(groups, 'python'))
    assert script.is_ready(str(tmp_path), script.GROUPS, 'python')


def test_versions_in_place_take_the_place_of_the_pins(tmp_path):
    constraints = tmp_path / 'constraints.txt'
    constraints.write_text('# comment\nnumpy==0.0.1\nno-such-package==7\n')
    out = subprocess.run([sys.executable, '-c', load('setup_env').HELD, str(constraints)], text=True, check=True,
                         capture_output=True).stdout
    assert out.splitlines() == [f'numpy=={distribution("numpy").version}', 'no-such-package==7']


def test_house_rules_count_lines_by_kind_of_file():
    rules = load('check_house_rules')
    paths = ('mmrice/a.py', 'tests/test_a.py', 'configs/quick/a.py', 'configs/_base_/a.py', 'projects/p/configs/a.py')
    assert [rules.limit_of(Path(path)) for path in paths] == [400, 250, 60, 110, 60]
    assert len(list(rules.python_files(ROOT))) > 40


def test_a_part_of_the_original_stack_is_recognised_and_the_forks_are_not(tmp_path):
    code = load('setup_env').UPSTREAM
    for name, expected in (('onedl-mmdetection', 1), ('mmdet', 0)):
        info = tmp_path / name / f'{name}-1.0.dist-info'
        info.mkdir(parents=True)
        (info / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n')
        # -S: of all packages only the one above
        alone = f'import sys; sys.path.insert(0, {str(info.parent)!r})\n'
        done = subprocess.run([sys.executable, '-S', '-c', alone + code])
        assert done.returncode == expected
