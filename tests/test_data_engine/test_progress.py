import io
import time

import pytest

from mmrice.data_engine import progress as module
from mmrice.data_engine.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_line_has_share_rate_eta_and_rejects():
    progress = Progress('ocr', 10_000, io.StringIO())
    progress.update(2000, rejects=3)
    assert progress.line(progress.begin + 10) == 'ocr      2,000/10,000 images  200.0/s  ETA 0:40  rejected 3'
    assert 'ETA 2:13:20' in progress.line(progress.begin + 2000)


def test_images_of_jobs_that_still_run_count_as_done():
    progress = Progress('ocr', 100, io.StringIO(), underway=lambda: 30)
    progress.update(10)
    assert progress.line(progress.begin + 10).startswith('ocr      40/100 images  4.0/s  ETA 0:15')
    progress.update(90)  # a job has ended, its file is still there
    assert '100/100 images' in progress.line(progress.begin + 10)
    progress.close()


def test_without_a_total_there_is_no_eta():
    progress = Progress('plan', None, io.StringIO(), unit='shards')
    progress.update(20)
    assert progress.line(progress.begin + 10) == 'plan     20 shards  2.0/s'


def test_nothing_done_yet_has_no_eta():
    progress = Progress('ocr', 100, io.StringIO())
    assert 'ETA -:--' in progress.line(progress.begin + 10)


def test_a_terminal_gets_one_line_from_the_start_that_is_cleared(monkeypatch):
    monkeypatch.setattr(module, '_TERMINAL', 0)
    stream = Terminal()
    progress = Progress('embed', 4, stream)
    assert stream.getvalue().startswith('\rembed    0/4 images')
    progress.update(4)
    progress.close()
    assert '\rembed    4/4 images' in stream.getvalue() and stream.getvalue().endswith('\r\x1b[K')
    assert '\n' not in stream.getvalue()


def test_a_line_is_cut_to_the_width_of_the_terminal(monkeypatch):
    monkeypatch.setenv('COLUMNS', '20')
    stream = Terminal()
    Progress('embed', 4, stream)
    assert stream.getvalue() == '\rembed    0/4 images\x1b[K'


def test_a_log_file_gets_a_line_every_ten_seconds():
    stream = io.StringIO()
    progress = Progress('embed', 4, stream)
    progress.update(1)
    assert stream.getvalue() == ''
    progress.shown -= 11
    progress.update(1)
    progress.update(1)
    progress.close()
    assert stream.getvalue().startswith('embed    2/4 images') and stream.getvalue().count('\n') == 1


@pytest.mark.parametrize('stream', [Terminal(), io.StringIO()])
def test_the_line_is_shown_anew_while_a_long_job_runs_and_not_afterwards(monkeypatch, stream):
    monkeypatch.setattr(module, '_TERMINAL', 0.01)
    monkeypatch.setattr(module, '_LOG', 0.01)
    done = iter(range(1, 1000))
    progress = Progress('sam', 1000, stream, underway=lambda: next(done))
    until = time.monotonic() + 20
    while '3/1,000 images' not in stream.getvalue() and time.monotonic() < until:
        time.sleep(0.01)
    progress.close()
    text = stream.getvalue()
    assert '3/1,000 images' in text
    time.sleep(0.05)
    assert stream.getvalue() == text
