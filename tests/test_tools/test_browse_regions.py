"""tools/analysis_tools/browse_regions.py writes one file, or says in one line why not."""
import runpy
import sys
from pathlib import Path

import pytest

from mmrice.testing.tiny_shards import write_tiny_shards

TOOL = Path(__file__).parents[2] / 'tools' / 'analysis_tools' / 'browse_regions.py'


@pytest.fixture
def browse(monkeypatch, capsys):
    """``browse(argument, ...) -> (exit status, lines of stdout, lines of stderr)``."""

    def run(*arguments):
        monkeypatch.setattr(sys, 'argv', [str(TOOL), *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(TOOL), run_name='__main__')
        captured = capsys.readouterr()
        return ended.value.code or 0, captured.out.splitlines(), captured.err.splitlines()

    return run


@pytest.fixture
def shards(tmp_path):
    return write_tiny_shards(tmp_path / 'shards', num_images=4)


def test_the_last_line_says_where_the_page_is_and_what_it_shows(browse, shards):
    status, lines, _ = browse(shards)
    page = shards / 'gallery.html'
    assert status == 0 and page.read_text().startswith('<!DOCTYPE html>')
    assert lines[-1].startswith(f'gallery: {page} ({page.stat().st_size / 2**20:.1f} MiB, ')
    assert lines[-1].endswith('7 of 7 clusters, 5 of 5 words in use, 4 of 4 images')


def test_options_bound_what_is_shown_and_the_page_goes_where_it_is_asked_to(browse, shards, tmp_path):
    out = tmp_path / 'new' / 'page.html'
    status, lines, _ = browse(shards, '--out', out, '--max-clusters', 2, '--crops-per-cluster', 1, '--max-images', 3,
                              '--max-words', 0, '--seed', 5)
    assert status == 0 and out.is_file() and not (shards / 'gallery.html').exists()
    assert lines[-1].endswith('2 of 7 clusters, 0 of 5 words in use, 3 of 4 images')


def test_the_same_build_and_seed_give_the_same_bytes(browse, shards, tmp_path):
    pages = [tmp_path / 'a.html', tmp_path / 'b.html']
    assert [browse(shards, '--out', page, '--max-images', 2)[0] for page in pages] == [0, 0]
    assert pages[0].read_bytes() == pages[1].read_bytes()


@pytest.mark.parametrize('arguments, message', [
    (['--max-images', -1], '--max-images is -1, expected 0 or more.'),
    (['--seed', -3], '--seed is -3, expected 0 or more.')])
def test_a_negative_number_is_refused(browse, shards, arguments, message):
    status, _, errors = browse(shards, *arguments)
    assert (status, errors) == (1, [f'mmrice: {message}'])


def test_a_build_that_is_not_finished_leaves_no_page(browse, shards):
    (shards / 'meta.json').unlink()
    status, lines, errors = browse(shards)
    assert status == 1 and lines == [] and len(errors) == 1
    assert 'meta.json: no such file' in errors[0] and not (shards / 'gallery.html').exists()
