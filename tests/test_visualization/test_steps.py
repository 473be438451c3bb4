"""Steps: run, fail, go on."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmrice.utils import UserError
from mmrice.visualization.steps import Step, Steps

WRITE = "import sys, pathlib; p = pathlib.Path(sys.argv[1]); p.write_text((p.read_text() if p.exists() else '') + 'x')"


def step(folder, name, needs=(), code=WRITE, settings=''):
    return Step(name, name.capitalize(), ('python', '-c', code, str(folder / name)), (folder / name, ), tuple(needs),
                settings, 1.)


def runs(folder, name):
    return len((folder / name).read_text())


def test_steps_run_in_order_with_commands_logs_and_stamps(tmp_path, capsys):
    steps = Steps([step(tmp_path, 'a'), step(tmp_path, 'b', ['a'], WRITE + "; print('hello')")], tmp_path)
    assert steps.run(['b', 'a']) == ['a', 'b']
    said = capsys.readouterr().out
    assert said.index('[1/2] A') < said.index('[2/2] B')
    assert f'$ {steps.steps["a"].text}' in said
    assert (tmp_path / 'logs' / '02_b.log').read_text() == 'hello\n'
    assert steps.is_complete('a') and steps.seconds('b') > 0


def test_resuming_repeats_nothing_that_is_complete(tmp_path):
    steps = [step(tmp_path, 'a'), step(tmp_path, 'b', ['a'])]
    Steps(steps, tmp_path).run(['a', 'b'])
    assert Steps(steps, tmp_path).run(['a', 'b'], resume=True) == []
    assert runs(tmp_path, 'a') == runs(tmp_path, 'b') == 1


def test_without_resume_everything_is_run_again(tmp_path):
    steps = Steps([step(tmp_path, 'a')], tmp_path)
    steps.run(['a'])
    steps.run(['a'])
    assert runs(tmp_path, 'a') == 2


def test_changed_settings_repeat_the_step_and_what_needs_it(tmp_path):
    names = ['a', 'b', 'c']
    before = [step(tmp_path, 'a'), step(tmp_path, 'b', ['a']), step(tmp_path, 'c')]
    Steps(before, tmp_path).run(names)
    after = [step(tmp_path, 'a', settings='lr=1'), *before[1:]]
    assert Steps(after, tmp_path).run(names, resume=True) == ['a', 'b']


def test_a_lost_output_is_made_again_with_what_needs_it(tmp_path):
    steps = Steps([step(tmp_path, 'a'), step(tmp_path, 'b', ['a'])], tmp_path)
    steps.run(['a', 'b'])
    (tmp_path / 'a').unlink()
    assert steps.run(['a', 'b'], resume=True) == ['a', 'b']


def test_running_a_step_alone_makes_what_needs_it_out_of_date(tmp_path):
    steps = Steps([step(tmp_path, 'a'), step(tmp_path, 'b', ['a'])], tmp_path)
    steps.run(['a', 'b'])
    steps.run(['a'])
    assert steps.is_complete('a') and not steps.is_complete('b')


def test_a_failing_step_shows_the_end_of_its_log_and_stops(tmp_path):
    broken = "print('one'); raise SystemExit('out of luck')"
    steps = Steps([step(tmp_path, 'a', code=broken), step(tmp_path, 'b', ['a'])], tmp_path)
    with pytest.raises(UserError) as caught:
        steps.run(['a', 'b'])
    message = str(caught.value)
    assert 'step a failed with exit status 1' in message and '| out of luck' in message
    assert steps.steps['a'].text in message and '01_a.log' in message
    assert not steps.is_complete('a') and not (tmp_path / 'b').exists()


def test_a_step_that_leaves_no_output_is_an_error(tmp_path):
    with pytest.raises(UserError, match='ended well but left no'):
        Steps([step(tmp_path, 'a', code='')], tmp_path).run(['a'])


def test_missing_input_is_an_error_that_names_the_step_that_makes_it(tmp_path):
    steps = Steps([step(tmp_path, 'a'), step(tmp_path, 'b', ['a'])], tmp_path)
    with pytest.raises(UserError, match='Add a to --steps'):
        steps.run(['b'])


def test_two_runs_in_one_folder_exclude_each_other(tmp_path):
    steps = Steps([step(tmp_path, 'a')], tmp_path)
    with steps._lock(), pytest.raises(UserError, match='running here already'):
        Steps([step(tmp_path, 'a')], tmp_path).run(['a'])


SLEEPER = """
import os, sys, time
with open(sys.argv[1], 'w') as stream:
    stream.write(str(os.getpid()))
time.sleep(60)
"""
RUNNER = """
import sys
from pathlib import Path
from mmrice.visualization.steps import Step, Steps
here = Path(sys.argv[1])
Steps([Step('s', 'S', ('python', str(here / 'sleeper.py'), str(here / 'pid')), ())], here).run(['s'])
"""


def test_a_terminated_run_takes_its_command_with_it_and_leaves_no_stamp(tmp_path):
    (tmp_path / 'sleeper.py').write_text(SLEEPER)
    process = subprocess.Popen([sys.executable, '-c', RUNNER, str(tmp_path)], cwd=Path(__file__).parents[2])
    pid, deadline = tmp_path / 'pid', time.monotonic() + 60
    while not (pid.exists() and pid.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert not (tmp_path / 'stamps' / 's.json').exists()
