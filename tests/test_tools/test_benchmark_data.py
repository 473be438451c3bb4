import sys
import types

import pytest


@pytest.fixture
def quick(monkeypatch):
    """Replace a benchmark; gives the arguments that it gets."""

    def replace(name, rows, ratios):
        seen = []
        module = types.ModuleType(name)
        module.measure = lambda *args, **kwargs: (seen.append((args, kwargs)), (rows, ratios))[1]
        monkeypatch.setitem(sys.modules, f'mmrice.testing.data_benchmarks.{name}', module)
        return seen

    return replace


def test_tables_and_ratios_of_the_chosen_benchmarks_are_printed_and_written(analyse, quick):
    reader = quick('reader', [{'workers': 0, 'decode': 20.}], {'reader_vs_decode': 0.9})
    embed = quick('embed', [{'encoder': 'A'}], {'embed_vs_encoder': 0.95})
    growth = quick('growth', [{'stage': 'ingest'}], {'ingest_time_exponent': 1.01})
    status, content, out, _ = analyse('benchmark_data.py', '--seed=3', '--only', 'growth,reader', '--sizes', 100, 200,
                                      '--repeats', 2, '--threads', 4)
    assert status == 0 and content['ratios'] == {'ingest_time_exponent': 1.01, 'reader_vs_decode': 0.9}
    assert content['rows'] == [{'benchmark': 'growth', 'stage': 'ingest'},
                               {'benchmark': 'reader', 'workers': 0, 'decode': 20.}]
    assert reader == [((), {'threads': 4, 'repeats': 2, 'seed': 3})] and not embed
    assert growth[0][0][:3] == ([100, 200], 3, False) and content['env']['sizes'] == [100, 200]
    assert any(line.startswith('reader_vs_decode') and line.endswith('0.900') for line in out)
    assert out[-1].startswith('results: ')
    assert set(analyse('benchmark_data.py', '--seed=3')[1]['ratios']) == {
        'ingest_time_exponent', 'reader_vs_decode', 'embed_vs_encoder'}


@pytest.mark.parametrize('arguments, message', [
    (['--only', 'reader,grwoth'], '--only: expected some of reader,embed,growth, found grwoth.'),
    (['--only', ','], 'found nothing'), (['--repeats', 0], '--repeats: expected 1 or more, found 0.'),
    (['--only', 'growth', '--sizes', 1000, 100], '--sizes are 1000 100, expected rising numbers of images')])
def test_a_wrong_argument_is_one_line(analyse, arguments, message):
    status, _, _, err = analyse('benchmark_data.py', '--seed=0', *arguments)
    assert status == 1 and message in err[-1] and err[-1].startswith('mmrice: ')
