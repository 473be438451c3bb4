import numpy as np
import pytest

from mmrice.data_engine.clustering import FaissKMeans, HierarchicalKMeans, hierarchical
from mmrice.data_engine.clustering.apportion import apportion
from mmrice.utils import UserError


def unit(x):
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope='module')
def mixture():
    """6,000 directions around 60 others of very different frequency, float16."""
    rng = np.random.default_rng(0)
    modes = unit(rng.normal(size=(60, 32)))
    which = rng.choice(60, 6000, p=rng.dirichlet(np.ones(60) * 0.5))
    return unit(modes[which] + rng.normal(size=(6000, 32)) * 0.1).astype(np.float16)


def test_two_levels_come_near_flat_kmeans_and_steps_over_all_centres_bring_them_nearer(mixture):
    flat, two, more = (kmeans.fit(mixture).report['mean_cosine'] for kmeans in (
        FaissKMeans(200), HierarchicalKMeans(200), HierarchicalKMeans(200, final_iterations=5)))
    chance = FaissKMeans(200, iterations=1, max_points_per_centroid=1).fit(mixture[:200]).centers
    assert (mixture @ chance.T).max(1).mean() < 0.985 * flat  # so that what follows says something
    assert two > 0.985 * flat and two < more and more > 0.99 * flat


@pytest.mark.parametrize('count, branching', [(7, None), (97, None), (96, (4, 24)), (96, (24, 4)), (60, (3, 4, 5)),
                                              (100, (1, 100)), (100, (100, 1)), (1, None)])
def test_there_are_exactly_as_many_centres_as_asked_for(mixture, count, branching):
    clusters = HierarchicalKMeans(count, branching=branching, iterations=3).fit(mixture[:1500])
    assert clusters.centers.shape == (count, 32) and clusters.report['empty'] == 0
    np.testing.assert_allclose(np.linalg.norm(clusters.centers, axis=1), 1, atol=1e-5)


def test_a_cell_gets_centres_in_proportion_to_its_regions(mixture):
    kmeans = HierarchicalKMeans(200, branching=(10, 20))
    clusters = kmeans.fit(mixture)
    cell = (mixture @ clusters.cells.T).argmax(1)
    regions = np.bincount(cell, minlength=10)
    centers = np.bincount((clusters.centers @ clusters.cells.T).argmax(1), minlength=10)
    np.testing.assert_allclose(centers / 200, regions / 6000, atol=0.02)
    assert regions.max() > 1.5 * regions.min()


def test_without_steps_at_the_end_each_cell_is_clustered_by_itself(mixture):
    kmeans = HierarchicalKMeans(40, branching=(4, 10))
    clusters = kmeans.fit(mixture)
    cell_of_center = (clusters.centers @ clusters.cells.T).argmax(1)
    labels = kmeans.assign(mixture, clusters, how='hierarchical')
    np.testing.assert_array_equal(cell_of_center[labels], (mixture.astype(np.float32) @ clusters.cells.T).argmax(1))


def test_the_last_labels_may_come_from_the_nearest_cells(mixture, monkeypatch):
    whole = HierarchicalKMeans(400, final_iterations=2).fit(mixture)
    monkeypatch.setattr(hierarchical, 'EXACT_PAIRS', 0)
    some = HierarchicalKMeans(400, final_iterations=2).fit(mixture)
    assert whole.report['search'] == 'all centers' and some.report['search'] == '16 of 20 cells'
    assert some.report['empty'] == 0 and some.report['recall_of_cells']['16'] > 0.99
    assert some.report['mean_cosine'] == pytest.approx(whole.report['mean_cosine'], abs=2e-3)


@pytest.mark.parametrize('kind', [FaissKMeans, HierarchicalKMeans])
def test_centres_are_equal_to_the_byte_whatever_the_number_of_threads(mixture, kind):
    one, three = (kind(50, num_threads=threads).fit(mixture) for threads in (1, 3))
    assert one.centers.tobytes() == three.centers.tobytes() and one.cells.tobytes() == three.cells.tobytes()
    assert one.report == three.report


def test_another_seed_gives_other_centres(mixture):
    first, again, other = (HierarchicalKMeans(30, seed=seed).fit(mixture[:800]).centers for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize('arguments, message', [
    (dict(branching=(10, 11)), r'branching is \(10, 11\), expected two whole numbers or more whose product is'),
    (dict(branching=(100,)), 'branching is'), (dict(branching='1000'), "branching is '1000'"),
    (dict(branching=(0, 100)), 'branching is'), (dict(final_iterations=-1), 'final_iterations is -1'),
    (dict(iterations=0), 'iterations is 0, expected a whole number, 1 or more'), (dict(seed=-1), 'seed is -1'),
    (dict(max_points_per_centroid=1.5), 'max_points_per_centroid is 1.5'), (dict(max_sample_gib=0), 'max_sample_gib')])
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(UserError, match=message):
        HierarchicalKMeans(100, **arguments)


def test_shares_are_those_of_the_largest_remainders():
    plenty = np.full(3, 100)
    assert apportion(10, np.array([53, 24, 23]), plenty).tolist() == [5, 3, 2]  # quotas 5.3, 2.4, 2.3
    assert apportion(7, np.array([1000, 1, 0]), plenty).tolist() == [6, 1, 0]
    assert apportion(10, np.array([80, 10, 10]), np.array([4, 100, 100])).tolist() == [4, 3, 3]


def test_shares_always_add_up_and_keep_their_bounds():
    rng = np.random.default_rng(0)
    for _ in range(300):
        sizes, most = rng.integers(0, 60, 20), rng.integers(1, 60, 20)
        total = int(rng.integers((sizes > 0).sum(), most[sizes > 0].sum() + 1))
        shares = apportion(total, sizes, most)
        assert shares.sum() == total and (shares[sizes > 0] >= 1).all() and (shares <= np.where(sizes, most, 0)).all()
