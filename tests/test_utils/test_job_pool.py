"""Jobs wait for each other; what ended well is not run again."""
import json
import shlex
import time
from pathlib import Path

import pytest

from mmrice.utils import UserError
from mmrice.utils.job_pool import Job, Pool


def script(name, text, needs=()):
    """A job that runs a line of Python and is to leave out.txt in its folder."""
    output = f'{name}/out.txt'
    return Job(name, (('python', '-c', text), ('python', '-c', 'print("last")')), output, tuple(needs))


def test_a_job_waits_for_what_it_needs_and_a_failure_takes_those_along_that_wait(tmp_path):
    write = "open('{0}/{1}/out.txt', 'w').write(open('{0}/{2}/out.txt').read() + '!')"
    jobs = [script('c', write.format(tmp_path, 'c', 'a'), ['a']),
            script('a', f"open('{tmp_path}/a/out.txt', 'w').write('one')"),
            script('bad', "raise SystemExit(3)"), script('after', "pass", ['bad']),
            script('empty', "pass")]
    pool = Pool({job.name: job for job in jobs}, tmp_path, workers=2)
    assert sorted(pool.run()) == ['after', 'bad', 'empty']
    assert (tmp_path / 'c' / 'out.txt').read_text() == 'one!'
    assert not (tmp_path / 'after').exists() and 'last' in pool.log('c').read_text()
    assert 'last' not in pool.log('bad').read_text()


def test_what_ended_well_is_run_again_only_when_its_commands_change(tmp_path):
    text = f"f = open('{tmp_path}/a/out.txt', 'a'); f.write('x')"
    for expected, line in (('x', text), ('x', text), ('xx', f'{text}; f.close()')):
        job = script('a', line)
        assert Pool({'a': job}, tmp_path, workers=1).run() == []
        assert (tmp_path / 'a' / 'out.txt').read_text() == expected
    assert shlex.split(json.loads((tmp_path / 'a' / 'job.json').read_text())['commands'][0])[2] == line


def test_what_was_made_of_a_job_that_is_run_again_is_run_again(tmp_path):
    copy = f"open('{tmp_path}/last/out.txt', 'w').write(open('{tmp_path}/first/out.txt').read())"
    for content in ('one', 'two'):
        made = [script('first', f"open('{tmp_path}/first/out.txt', 'w').write('{content}')"),
                script('last', copy, ['first'])]
        assert Pool({job.name: job for job in made}, tmp_path, workers=1).run() == []
        assert (tmp_path / 'last' / 'out.txt').read_text() == content
    alone = script('first', f"open('{tmp_path}/first/out.txt', 'w').write('three')")
    Pool({'first': alone}, tmp_path, workers=1).run()  # and where it was run without the other
    Pool({'first': alone, 'last': script('last', copy, ['first'])}, tmp_path, workers=1).run()
    assert (tmp_path / 'last' / 'out.txt').read_text() == 'three'


def test_a_job_that_waits_for_one_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(UserError, match='job first is needed'):
        Pool({'last': script('last', 'pass', ['first'])}, tmp_path, workers=1)


def test_nothing_that_a_job_has_started_outlives_the_pool(tmp_path):
    child = f"import os, time; open('{tmp_path}/child', 'w').write(str(os.getpid())); time.sleep(60)"
    text = f'import subprocess, sys, time; subprocess.Popen([sys.executable, "-c", """{child}"""]); time.sleep(60)'
    pool = Pool({'a': script('a', text)}, tmp_path, workers=1)

    def interrupt():
        if (tmp_path / 'child').exists() and (tmp_path / 'child').read_text():
            raise KeyboardInterrupt
        return []

    pool._ended = interrupt
    with pytest.raises(KeyboardInterrupt):
        pool.run()
    end = time.monotonic() + 20  # a busy machine takes a moment to let it die; by itself it would take a minute
    while is_alive((tmp_path / 'child').read_text()) and time.monotonic() < end:
        time.sleep(.05)
    assert not is_alive((tmp_path / 'child').read_text())


def is_alive(process):
    """Whether a process runs; one that nobody has waited for does not."""
    try:
        return Path('/proc', process, 'stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except (FileNotFoundError, ProcessLookupError):
        return False
