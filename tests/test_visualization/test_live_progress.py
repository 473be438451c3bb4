"""Progress out of other tools' logs."""
import io

import pytest

from mmrice.visualization.live_progress import LiveProgress, clock, digest_line, last_line, seconds_left

TRAIN = ('11/21 23:28:07 - mmengine - INFO - Iter(train) [ 90/200]  base_lr: 6.7918e-04 lr: 6.7918e-04  eta: 0:10:52  '
         'time: 4.9408  data_time: 0.0733  grad_norm: 2.1  loss: 6.1234  loss_object: 3.1')


@pytest.mark.parametrize(('line', 'seconds'), [
    (TRAIN, 652.), ('propose  160/211 images  1.2/s  ETA 0:43  rejected 0', 43.), ('eta: 2 days, 1:00:00', 176400.),
    ('done', None), ('beta: 0.9', None)])
def test_the_eta_that_a_line_states_is_found(line, seconds):
    assert seconds_left(line) == seconds


def test_a_training_line_is_reduced_to_iteration_and_loss():
    assert digest_line(TRAIN) == 'train 90/200, loss 6.12'


def test_other_lines_lose_only_their_head():
    assert digest_line('11/21 23:28:07 - mmengine - INFO - Saving') == 'Saving'
    assert digest_line('ingest   21.0 s  images 211') == 'ingest   21.0 s  images 211'


def test_the_last_line_is_what_a_progress_bar_wrote_last(tmp_path):
    log = tmp_path / 'log'
    log.write_text('start\nbar 1/3\rbar 2/3\rbar 3/3\r\n---\n')
    assert last_line(log) == 'bar 3/3'


def test_the_eta_covers_what_follows(tmp_path):
    log = tmp_path / 'log'
    log.write_text(TRAIN)
    progress = LiveProgress(log, expected=5, after=60, stream=io.StringIO())
    assert progress.line(progress.begin + 100) == (
        '  1:40 spent, about 11:52 left in all | train 90/200, loss 6.12')


def test_the_eta_of_one_stage_is_not_taken_for_that_of_the_command(tmp_path):
    log = tmp_path / 'log'
    log.write_text('ingest 3/4 images ETA 0:02')
    progress = LiveProgress(log, expected=100, after=0, stream=io.StringIO())
    assert 'about 1:30 left' in progress.line(progress.begin + 10)


def test_without_a_terminal_lines_come_at_an_interval(tmp_path):
    log, stream = tmp_path / 'log', io.StringIO()
    log.write_text('x')
    progress = LiveProgress(log, 10, 0, stream, every=20)
    progress.update()
    assert stream.getvalue() == ''
    progress.shown -= 21
    progress.update()
    progress.update()
    assert stream.getvalue().count('\n') == 1 and '\r' not in stream.getvalue()


@pytest.mark.parametrize(('seconds', 'text'), [(0, '0:00'), (59.6, '1:00'), (3661, '1:01:01'), (-3, '0:00')])
def test_durations_are_written_like_a_clock(seconds, text):
    assert clock(seconds) == text
