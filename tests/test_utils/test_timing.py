"""Timing in turn."""
from mmrice.utils.timing import speedup, time_in_turn


def test_contenders_take_turns_and_warm_up_rounds_do_not_count():
    calls = []
    times = time_in_turn({name: lambda name=name: calls.append(name) for name in 'ab'}, repeats=3, warmup=2)
    assert calls == ['a', 'b'] * 5 and {name: len(seconds) for name, seconds in times.items()} == {'a': 3, 'b': 3}


def test_speedup_is_the_median_over_rounds():
    assert speedup(dict(base=[2., 2., 90.], ours=[1., 4., 1.]), 'ours', 'base') == 2.
