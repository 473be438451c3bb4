import warnings

import pytest

from mmrice.compat import hints, install_hint, versions
from mmrice.compat.versions import problems, release

FORK = {'torch': '2.14.1+cpu', 'onedl-mmengine': '0.10.12', 'onedl-mmcv': '2.3.6', 'onedl-mmdetection': '3.5.1',
        'onedl-mmsegmentation': '1.4.2', 'onedl-mmpretrain': '1.3.6'}
UPSTREAM = {'torch': '2.5.1', 'mmengine': '0.10.7', 'mmcv': '2.1.0', 'mmdet': '3.3.0', 'mmsegmentation': '1.2.2',
            'mmpretrain': '1.2.0'}


@pytest.mark.parametrize('stack', [FORK, UPSTREAM, {}])
def test_tested_stacks_have_no_problem(stack):
    assert problems(stack, python=(3, 12)) == []


@pytest.mark.parametrize('stack, change, what', [
    (FORK, {'onedl-mmengine': '0.11.0rc0'}, 'onedl-mmengine >= 0.11'),
    (FORK, {'onedl-mmcv': '2.4.0'}, 'mmpretrain with mmcv >= 2.4'),
    (FORK, {'mmcv': '2.1.0'}, 'onedl-mmcv 2.3.6 and mmcv 2.1.0 are both installed'),
    (UPSTREAM, {'mmengine': '0.11.0'}, 'mmengine >= 0.11'),
    (UPSTREAM, {'mmcv': '2.2.0'}, 'mmdet with mmcv >= 2.2'),
    (UPSTREAM, {'torch': '2.6.0'}, 'mmengine < 0.11 with torch >= 2.6'),
    (UPSTREAM, {'torch': '2.3.1'}, 'torch < 2.4'),
])
def test_combinations_known_to_fail_are_named_with_a_cure(stack, change, what):
    found = problems({**stack, **change}, python=(3, 12))
    named = [problem for problem in found if problem.what == what]
    assert len(named) == 1, found
    assert 'pip' in named[0].cure and named[0].why


@pytest.mark.parametrize('python, what', [((3, 9), 'Python 3.9'), ((3, 14), 'Python 3.14')])
def test_pythons_that_do_not_fit_are_named(python, what):
    assert [problem.what for problem in problems(FORK, python)] == [what]


@pytest.mark.parametrize('text, numbers', [('2.14.1+cu130', (2, 14, 1)), ('0.11.0rc0', (0, 11, 0)),
                                           ('1.2.dev3', (1, 2)), ('4.12.0.88', (4, 12, 0, 88))])
def test_a_release_is_the_numbers_of_a_version(text, numbers):
    assert release(text) == numbers


def test_a_problem_warns_once_and_never_raises(monkeypatch):
    monkeypatch.setattr(versions, 'openmmlab', lambda: {'mmdet': '3.3.0', 'mmcv': '2.2.0'})
    monkeypatch.setattr(versions, '_WARNED', [])
    with pytest.warns(versions.VersionWarning, match='mmdet with mmcv >= 2.2.*Cure: pip install'):
        versions.warn_once()
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        versions.warn_once()


@pytest.mark.parametrize('module, command', [
    ('mmpretrain', 'pip install onedl-mmpretrain'), ('mmdet.models', 'pip install onedl-mmdetection'),
    ('mmseg', 'pip install onedl-mmsegmentation'), ('mmcv', 'pip install onedl-mmcv'),
    ('mmengine', 'pip install onedl-mmengine'), ('transformers', 'pip install transformers'),
    ('faiss', 'pip install faiss-cpu'), ('rapidocr', 'pip install rapidocr'),
    ('pyarrow', 'pip install pyarrow'), ('skimage', 'pip install scikit-image'),
    ('unheard_of', 'pip install unheard_of'),
])
def test_a_hint_is_one_sentence_with_the_pip_command(module, command):
    hint = install_hint(module)
    assert command in hint and hint.endswith('.') and '\n' not in hint


@pytest.mark.parametrize('module', list(hints.FORK_NAMES))
def test_hints_for_hosts_name_the_flavour_and_the_requirements_file(module):
    assert 'fork' in install_hint(module) and 'requirements/mminstall.txt' in install_hint(module)
