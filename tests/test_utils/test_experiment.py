import sys

import pytest

from mmrice.utils import UserError
from mmrice.utils.experiment import check_ended, need_files, run_jobs, show_jobs
from mmrice.utils.job_pool import Job


def jobs(folder):
    write = f"open('{folder}/good/out', 'w').write('x')"
    return {job.name: job for job in (Job('good', (('python', '-c', write), ), 'good/out'),
                                      Job('bad', (('python', '-c', 'raise SystemExit(2)'), ), 'bad/out'))}


def test_jobs_are_run_and_a_failed_one_is_named_with_what_there_is(tmp_path):
    ended = run_jobs(jobs(tmp_path), tmp_path, workers=1)
    assert ended.failed == ['bad'] and ended.workers == 1 and ended.seconds > 0
    assert (tmp_path / 'good' / 'out').read_text() == 'x'
    with pytest.raises(UserError, match=r'1 jobs failed: bad. Logs are in .*logs; .* What there is: table.md'):
        check_ended(ended, tmp_path, 'table.md')
    check_ended(ended._replace(failed=[]), tmp_path, 'table.md')


def test_jobs_are_shown_as_they_can_be_pasted(tmp_path, capsys):
    show_jobs(jobs(tmp_path).values())
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == 'good' and lines[1].startswith("  $ python -c 'open(") and lines[2] == 'bad'


def test_data_that_is_missing_is_said_with_what_makes_it(tmp_path):
    need_files([__file__, sys.executable], 'README.md')
    with pytest.raises(UserError, match=r'nowhere.json: no such file. README.md says how to make it'):
        need_files([__file__, str(tmp_path / 'nowhere.json')], 'README.md')
