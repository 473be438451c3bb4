"""Fetching packages: hashes, caches, errors. pip runs against a local folder."""
import subprocess
import zipfile
from dataclasses import replace

import pytest

from mmrice.datasets.mini import apt, fetch
from mmrice.datasets.mini.archives import Archive
from mmrice.datasets.mini.packages import PIP_PACKAGES, PipPackage
from mmrice.utils import UserError

NAME = 'mini_toy-1.0-py3-none-any.whl'


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A package in a local index; returns what to fetch and the cache folder."""
    wheels = tmp_path / 'wheels'
    wheels.mkdir()
    with zipfile.ZipFile(wheels / NAME, 'w') as archive:
        archive.writestr('toy/word.txt', 'hello')
        archive.writestr('mini_toy-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\nName: mini-toy\nVersion: 1.0\n')
        archive.writestr('mini_toy-1.0.dist-info/WHEEL',
                         'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n')
        archive.writestr('mini_toy-1.0.dist-info/RECORD', '')
    monkeypatch.setenv('PIP_NO_INDEX', '1')
    monkeypatch.setenv('PIP_FIND_LINKS', str(wheels))
    package = PipPackage('mini-toy', '1.0', NAME, fetch.sha256_of(wheels / NAME), 'none')
    return package, tmp_path / 'cache'


def test_a_package_is_fetched_once_and_read_from_the_cache_after(toy, monkeypatch):
    package, cache = toy
    path = fetch.fetch_package(package, cache)
    assert [entry.name for entry in cache.iterdir()] == [NAME]
    monkeypatch.setattr(subprocess, 'run', lambda *_, **__: pytest.fail('pip was asked again'))
    assert fetch.fetch_package(package, cache) == path
    assert Archive('mini-toy', path).read('toy/word.txt') == b'hello'


def test_a_truncated_archive_in_the_cache_is_fetched_again(toy):
    package, cache = toy
    path = fetch.fetch_package(package, cache)
    path.write_bytes(path.read_bytes()[:50])
    assert fetch.sha256_of(fetch.fetch_package(package, cache)) == package.sha256


def test_another_hash_names_package_expected_and_found_and_leaves_nothing(toy):
    package, cache = toy
    wrong = replace(package, sha256='0' * 64)
    with pytest.raises(UserError) as caught:
        fetch.fetch_package(wrong, cache)
    for part in ('mini-toy 1.0', '0' * 64, package.sha256):
        assert part in str(caught.value)
    assert not list(cache.iterdir())


def test_an_unknown_package_is_one_line_that_names_it(toy):
    _, cache = toy
    package = PipPackage('mini-absent', '1.0', 'mini_absent-1.0-py3-none-any.whl', '0' * 64, 'none')
    with pytest.raises(UserError, match='mini-absent 1.0: pip could not download it') as caught:
        fetch.fetch_package(package, cache)
    assert '\n' not in str(caught.value)
    assert not list(cache.iterdir())


@pytest.mark.parametrize('output, expected', [('python: No module named pip', 'has no pip'),
                                              ('ERROR: [Errno 28] No space left on device', 'disk is full')])
def test_failures_of_pip_say_what_to_do(toy, monkeypatch, output, expected):
    package, cache = toy
    failed = subprocess.CompletedProcess([], 1, stdout=output)
    monkeypatch.setattr(subprocess, 'run', lambda *_, **__: failed)
    with pytest.raises(UserError, match=expected):
        fetch.fetch_package(package, cache)


def test_a_broken_archive_or_a_missing_member_names_the_file(tmp_path):
    (tmp_path / 'broken.whl').write_bytes(b'PK nothing')
    with pytest.raises(UserError, match=r'broken\.whl: cannot read package toy'):
        Archive('toy', tmp_path / 'broken.whl').read('toy/word.txt')
    (tmp_path / 'broken.tar.gz').write_bytes(b'nothing')
    with pytest.raises(UserError, match=r'broken\.tar\.gz: cannot read package toy'):
        Archive('toy', tmp_path / 'broken.tar.gz')
    with zipfile.ZipFile(tmp_path / 'empty.whl', 'w'):
        pass
    with pytest.raises(UserError, match=r'empty\.whl: cannot read package toy'):
        Archive('toy', tmp_path / 'empty.whl').image('toy/photo.png')


def test_every_package_is_pinned_by_version_and_hash():
    assert PIP_PACKAGES
    for package in PIP_PACKAGES.values():
        assert package.version in package.filename
        assert len(package.sha256) == 64 and set(package.sha256) <= set('0123456789abcdef')


def test_debian_files_of_another_version_are_left_out_with_a_warning(tmp_path, monkeypatch, capsys):
    def extract(name, members, folder):
        for member in members:
            (folder / member).parent.mkdir(parents=True, exist_ok=True)
            (folder / member).write_bytes(b'other')

    monkeypatch.setattr(apt, '_extract', extract)
    assert apt.fetch_debs(tmp_path) == {}
    assert capsys.readouterr().err.count('left out') == 2


def test_apt_without_apt_get_says_that_pip_is_enough(tmp_path, monkeypatch):
    monkeypatch.setattr(apt.shutil, 'which', lambda _: None)
    with pytest.raises(UserError, match='--apt needs apt-get'):
        apt.fetch_debs(tmp_path)
