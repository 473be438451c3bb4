import sys
import types

import pytest


@pytest.fixture
def quick(monkeypatch):
    """Replace a benchmark; gives the arguments that it gets."""

    def replace(name, rows, ratios):
        seen = []
        module = types.ModuleType(name)
        module.measure = lambda *args: (seen.append(args), (rows, ratios))[1]
        monkeypatch.setitem(sys.modules, f'mmrice.testing.transfer_benchmarks.{name}', module)
        return seen

    return replace


def test_tables_and_ratios_of_the_chosen_benchmarks_are_printed_and_written(analyse, quick):
    evaluation = quick('evaluation', [{'kind': 'bbox'}], {'coco_eval_bbox': 4.})
    frozen = quick('frozen', [{'encoder': 'frozen'}], {'frozen_step_speedup': 2.5})
    cache = quick('cache', [], {})
    status, content, out, _ = analyse('benchmark_transfer.py', '--seed=3', '--only', 'frozen,evaluation', '--arch',
                                      'base', '--side', 32, '--batch', 2, '--images', 7, '--repeats', 1)
    assert status == 0 and content['ratios'] == {'coco_eval_bbox': 4., 'frozen_step_speedup': 2.5}
    assert content['rows'] == [{'benchmark': 'frozen', 'encoder': 'frozen'},
                               {'benchmark': 'evaluation', 'kind': 'bbox'}]
    assert evaluation == [(7, 1, 3)] and frozen == [('base', 32, 2, 'cpu', 1, 3)] and not cache
    assert content['env']['arch'] == 'base' and out[-1].startswith('results: ')


@pytest.mark.parametrize('arguments, message', [
    (['--only', 'frozne'], '--only: expected some of evaluation,frozen,cache, found frozne.'),
    (['--side', 100], '--side: expected a multiple of 16, found 100.'),
    (['--batch', 0], '--batch: expected 1 or more, found 0.'),
    (['--device', 'tpu'], '--device: expected cpu or cuda, found tpu.')])
def test_a_wrong_argument_is_one_line(analyse, arguments, message):
    status, _, _, err = analyse('benchmark_transfer.py', '--seed=0', *arguments)
    assert status == 1 and message in err[-1] and err[-1].startswith('mmrice: ')
