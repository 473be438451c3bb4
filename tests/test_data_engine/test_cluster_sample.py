import resource

import numpy as np
import pytest

from mmrice.data_engine.fit_clusters import draw_sorted, sample_embeddings
from mmrice.utils import UserError


@pytest.mark.parametrize('total, most', [(10, 3), (10, 8), (10, 9), (1000, 500), (1000, 501), (7, 7), (7, 9)])
def test_numbers_are_drawn_once_each_and_sorted(total, most):
    for seed in range(20):
        drawn = draw_sorted(total, most, np.random.default_rng(seed))
        assert len(drawn) == min(total, most) and (np.diff(drawn) > 0).all() and drawn[0] >= 0 and drawn[-1] < total


@pytest.mark.parametrize('most', [2, 3, 5])
def test_every_subset_is_as_likely_as_another(most):
    rng = np.random.default_rng(0)
    drawn = [tuple(draw_sorted(6, most, rng)) for _ in range(6000)]
    counts = np.unique(drawn, axis=0, return_counts=True)[1]
    expected = 6000 / {2: 15, 3: 20, 5: 6}[most]
    assert len(counts) == {2: 15, 3: 20, 5: 6}[most]
    assert ((counts - expected)**2 / expected).sum() < 45  # chi-squared of at most 19 degrees of freedom: p < 0.001


def test_memory_follows_what_is_drawn_and_not_what_it_is_drawn_from():
    import tracemalloc
    tracemalloc.start()
    drawn = draw_sorted(2_000_000_000, 1000, np.random.default_rng(0))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e5 and len(drawn) == 1000 and drawn[-1] > 1_900_000_000


@pytest.fixture
def files(tmp_path):
    """Files of 5, 0, 7 and 30 rows; each row says where it is."""
    paths, start = [], 0
    for number, count in enumerate((5, 0, 7, 30)):
        paths.append(tmp_path / f'{number}.npy')
        rows = np.repeat(np.arange(start, start + count), 3).reshape(-1, 3).astype(np.float16)
        np.save(paths[-1], rows if count else np.zeros((0, 0), np.float16))
        start += count
    return paths


@pytest.mark.parametrize('most', [1, 20, 41, 42, 99])
def test_a_sample_has_each_row_at_most_once_in_the_order_of_the_files(files, most):
    sample = sample_embeddings(files, most, seed=0)
    assert sample.shape == (min(most, 42), 3) and sample.dtype == np.float16
    assert (sample == sample[:, :1]).all() and (np.diff(sample[:, 0]) > 0).all() and sample[-1, 0] < 42


def test_equal_seeds_draw_equal_rows_and_others_do_not(files):
    first, again, other = (sample_embeddings(files, 20, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_limit_in_gib_makes_the_sample_smaller(files):
    assert len(sample_embeddings(files, 40, seed=0, max_gib=10 * 3 * 2 / 2**30)) == 10
    assert len(sample_embeddings(files, 4, seed=0, max_gib=10 * 3 * 2 / 2**30)) == 4


def test_more_files_than_a_process_may_have_open_are_read(tmp_path):
    paths = [tmp_path / f'{number}.npy' for number in range(300)]
    for number, path in enumerate(paths):
        np.save(path, np.full((2, 1), number, np.float16))
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, before[1]))
    try:
        sample = sample_embeddings(paths, 600, seed=0)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert sample[:, 0].tolist() == np.repeat(np.arange(300), 2).tolist()


def test_files_without_rows_and_of_other_widths_are_refused(files, tmp_path):
    with pytest.raises(UserError, match='no region was proposed in any image'):
        sample_embeddings(files[1:2], 5, seed=0)
    np.save(tmp_path / 'wide.npy', np.zeros((2, 4), np.float16))
    with pytest.raises(UserError, match=r'wide.npy: has 4 dims, but .*0.npy has 3'):
        sample_embeddings([*files, tmp_path / 'wide.npy'], 5, seed=0)
