"""The benchmarks of the head measure what they say; how fast anything is, is not tested."""
import json
import subprocess
import sys
from pathlib import Path

import pytest

from mmrice.utils import UserError

ROOT = Path(__file__).resolve().parents[2]
SLEEP_MS = 150
STAND_IN = f'''
import time
import torch


class PartialFC_V2(torch.nn.Module):
    """Takes and gives what insightface's does; slow on purpose."""

    def __init__(self, margin_loss, embedding_size, num_classes, sample_rate):
        super().__init__()
        assert torch.distributed.get_world_size() == 1 and 0 < sample_rate <= 1
        self.margin_loss = margin_loss
        self.weight = torch.nn.Parameter(torch.randn(num_classes, embedding_size))

    def forward(self, embeddings, labels):
        time.sleep({SLEEP_MS} / 1e3)
        logits = self.margin_loss(embeddings @ self.weight.t().cuda(), labels.view(-1, 1))
        return torch.nn.functional.cross_entropy(logits, labels)
'''


def run(tool, *args):
    return subprocess.run([sys.executable, f'tools/analysis_tools/{tool}.py', *map(str, args)], cwd=ROOT, text=True,
                          capture_output=True)


@pytest.fixture
def parse(monkeypatch):
    """Arguments of a tool as it reads them, in this process."""
    monkeypatch.syspath_prepend(str(ROOT / 'tools/analysis_tools'))

    def parse(tool, *args):
        module = __import__(tool)
        monkeypatch.setattr(sys, 'argv', [f'{tool}.py', *map(str, args)])
        return module, module.parse_args()

    return parse


def test_head_benchmark_measures_all_contenders_and_one_from_a_file_of_the_user(tmp_path):
    file = tmp_path / 'checkout' / 'recognition' / 'partial_fc_v2.py'
    file.parent.mkdir(parents=True)
    file.write_text(STAND_IN)
    done = run('benchmark_head', '--num-classes', 20_000, '--embed-dims', 32, '--num-regions', 64, '--repeats', 1,
               '--device', 'cpu', '--partial-fc', tmp_path / 'checkout', '--json', tmp_path / 'a.json')
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f'results: {tmp_path / "a.json"}'
    result = json.loads((tmp_path / 'a.json').read_text())
    rows = {row['head']: row for row in result['rows']}
    assert set(rows) == {'mmrice', 'mmrice bf16', 'dense', 'PartialFC_V2'}
    assert rows['PartialFC_V2']['forward_ms'] >= SLEEP_MS
    pairs = {f'{what}{half}_vs_{other}': (column, f'mmrice{half.replace("_", " ")}', name)
             for what, column in (('time', 'step_ms'), ('memory', 'peak_mib')) for half in ('', '_bf16')
             for other, name in (('dense', 'dense'), ('partial_fc', 'PartialFC_V2'))}
    assert set(result['ratios']) == set(pairs)
    for name, (column, ours, theirs) in pairs.items():
        assert result['ratios'][name] == pytest.approx(rows[ours][column] / rows[theirs][column]), name
    for row in rows.values():  # of one step, the medians of the parts add up
        assert row['step_ms'] == pytest.approx(row['forward_ms'] + row['backward_ms'] + row['optimizer_ms'])


def test_scaling_benchmark_reports_exponents_and_traffic_as_the_formula_says(tmp_path):
    done = run('benchmark_head_scaling', '--num-classes', 3000, 30_000, '--processes', 1, 3, '--embed-dims', 16,
               '--num-regions', 40, '--repeats', 1, '--json', tmp_path / 'a.json', '--plot', tmp_path / 'a.svg')
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / 'a.json').read_text())
    assert [(row['num_classes'], row['processes']) for row in result['rows']] == [(3000, 1), (30_000, 1), (30_000, 3)]
    assert set(result['ratios']) == {
        'time_exponent', 'memory_exponent', 'time_exponent_last_two', 'memory_exponent_last_two',
        'time_exponent_of_processes', 'memory_exponent_of_processes', 'sent_vs_formula_3_processes'}
    assert result['ratios']['sent_vs_formula_3_processes'] == pytest.approx(1.)
    assert result['rows'][0]['sent_bytes'] == 0 < result['rows'][2]['sent_bytes']
    assert all(row['step_ms'] >= row['forward_ms'] > 0 for row in result['rows'])
    assert '</svg>' in (tmp_path / 'a.svg').read_text()
    assert list(tmp_path.glob('.*')) == []


def test_exponents_are_those_of_power_laws(parse):
    tool, _ = parse('benchmark_head_scaling')
    rows = [dict(num_classes=k, processes=w, step_ms=3e-3 * k**0.9 / w**0.5, peak_mib=2. * k * w, sent_bytes=8.,
                 formula_bytes=4.) for k, w in ((10, 1), (70, 1), (900, 1), (900, 2), (900, 5))]
    assert tool.summarise(rows[:3], rows[2:]) == pytest.approx({
        'time_exponent': 0.9, 'memory_exponent': 1., 'time_exponent_last_two': 0.9, 'memory_exponent_last_two': 1.,
        'time_exponent_of_processes': -0.5, 'memory_exponent_of_processes': 1., 'sent_vs_formula_2_processes': 2.,
        'sent_vs_formula_5_processes': 2.})


def test_scaling_benchmark_refuses_what_does_not_fit_before_it_measures(parse, monkeypatch):
    tool, args = parse('benchmark_head_scaling', '--num-classes', 1000, 4_000_000)
    monkeypatch.setattr(tool, 'measure', lambda *_: pytest.fail('measured'))
    monkeypatch.setattr(tool, 'available_bytes', lambda: 2 * 2**30)
    monkeypatch.setattr(tool, 'parse_args', lambda: args)
    with pytest.raises(UserError, match=r'^4,000,000 classes of 128 dims on 1 processes need about 6\.\d GiB of '
                       r'memory, 2\.0 GiB are available\. Lower .*$'):
        tool.main()
    monkeypatch.setattr(tool, 'available_bytes', lambda: 12 * 2**30)
    tool.check_memory(args, [(4_000_000, 1)])


def test_available_memory_is_that_of_the_control_group_where_it_is_less(parse, monkeypatch):
    tool, _ = parse('benchmark_head_scaling')
    files = {'/proc/meminfo': 'MemTotal: 9000 kB\nMemAvailable: 4000 kB\n', '/sys/fs/cgroup/memory.max': 'max'}
    monkeypatch.setattr(tool.Path, 'read_text', lambda path, *_, **__: files[str(path)] if str(path) in files else
                        (_ for _ in ()).throw(FileNotFoundError(str(path))))
    assert tool.available_bytes() == 4000 * 1024
    files.update({'/sys/fs/cgroup/memory.max': '3000000', '/sys/fs/cgroup/memory.current': '1000000'})
    assert tool.available_bytes() == 2_000_000


@pytest.mark.parametrize('tool, args, message', [
    ('benchmark_head', ['--partial-fc', 'no/such/file.py'], 'no/such/file.py is no file, and no partial_fc_v2.py lies'),
    ('benchmark_head', ['--partial-fc', 'docs'], 'docs is no file, and no partial_fc_v2.py lies below it'),
    ('benchmark_head', ['--sample-ratio', 0], '--sample-ratio: expected a number in'),
    ('benchmark_head_scaling', ['--sample-ratio', 1.5], '--sample-ratio: expected a number in'),
    ('benchmark_head_scaling', ['--processes', 0, 2], '--processes: expected 1 or more, found 0'),
    ('benchmark_head_scaling', ['--num-classes', 5, 5], 'two different numbers or more'),
    ('benchmark_head_scaling', ['--plot', 'curves.txt'], 'curves.txt must end in .png'),
])
def test_a_wrong_argument_is_one_line(parse, monkeypatch, tool, args, message):
    monkeypatch.chdir(ROOT)
    with pytest.raises(UserError) as info:
        parse(tool, *args)
    assert message in str(info.value) and '\n' not in str(info.value)


def test_a_missing_partial_fc_ends_the_tool_without_a_traceback(tmp_path):
    done = run('benchmark_head', '--partial-fc', tmp_path / 'none.py')
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and 'none.py is no file' in done.stderr
