import numpy as np
import pytest

from mmrice.data_engine.clustering import FaissKMeans, HierarchicalKMeans
from mmrice.data_engine.clustering.lloyd import lloyd, mean_directions, spherical_kmeans
from mmrice.data_engine.clustering.repair import fill_empty
from mmrice.utils import UserError


def unit(x):
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Several blocks, the last one not full."""
    for module in ('rows', 'lloyd'):
        monkeypatch.setattr(f'mmrice.data_engine.clustering.{module}.BLOCK', 64)


@pytest.fixture
def rows():
    return unit(np.random.default_rng(0).normal(size=(500, 12)))


def naive_lloyd(rows, centers, iterations):
    for _ in range(iterations):
        labels = (rows @ centers.T).argmax(1)
        centers = unit(np.stack([rows[labels == k].sum(0) for k in range(len(centers))]))
    return centers, (rows @ centers.T).argmax(1)


def test_lloyd_is_the_plain_algorithm(rows):
    found = lloyd(rows, rows[:20], 6)
    centers, labels = naive_lloyd(rows, rows[:20], 6)
    np.testing.assert_allclose(found.centers, centers, atol=1e-5)
    np.testing.assert_array_equal(found.labels, labels)
    np.testing.assert_allclose(found.similarity, (rows @ centers.T).max(1), atol=1e-5)
    assert found.repaired == 0 and found.labels.dtype == np.int32


def test_lloyd_ends_when_no_label_changes(rows):
    calls = []
    done, longer = (lloyd(rows, rows[:5], iterations, tick=calls.append) for iterations in (200, 400))
    np.testing.assert_array_equal(done.centers, longer.centers)
    assert len(calls) < 200 and sum(calls) == 500 * (201 + 401)  # the passes that it saved are reported too


def test_more_iterations_never_lower_the_mean_cosine(rows):
    cosine = [lloyd(rows, rows[:20], iterations).similarity.mean() for iterations in range(6)]
    assert all(after >= before - 1e-6 for before, after in zip(cosine, cosine[1:])) and cosine[5] > cosine[0]


def test_a_mean_direction_is_that_of_the_rows_of_its_cluster_and_empty_ones_stay(rows):
    labels = np.random.default_rng(1).integers(0, 9, 500)
    means = mean_directions(rows.astype(np.float16), labels, np.eye(10, 12, dtype=np.float32))
    np.testing.assert_allclose(means[:9], unit(np.stack([rows[labels == k].sum(0) for k in range(9)])), atol=1e-3)
    np.testing.assert_array_equal(means[9], np.eye(10, 12)[9])


def test_the_best_of_several_starts_is_kept(rows):
    alone = [spherical_kmeans(rows, 20, 5, [3]).similarity.mean(),
             lloyd(rows, rows[np.sort(np.random.default_rng([3, 1]).choice(500, 20, replace=False))], 5
                   ).similarity.mean()]
    assert spherical_kmeans(rows, 20, 5, [3], redo=2).similarity.mean() == max(alone)
    assert alone[0] != alone[1]


def test_empty_clusters_take_the_farthest_rows_of_the_costliest_ones(rows):
    centers = np.concatenate([rows[:3], np.tile(-rows.mean(0, keepdims=True), (2, 1))]).astype(np.float32)
    labels, similarity = (rows @ rows[:3].T).argmax(1).astype(np.int32), (rows @ rows[:3].T).max(1)
    cost = np.bincount(labels, 1 - similarity)
    donors = [np.flatnonzero(labels == k)[similarity[labels == k].argmin()] for k in np.argsort(-cost)[:2]]
    assert fill_empty(rows, centers, labels, similarity) == 2
    np.testing.assert_allclose(centers[3:], rows[donors], atol=1e-6)
    np.testing.assert_array_equal(labels, (rows @ centers.T).argmax(1))
    np.testing.assert_allclose(similarity, (rows @ centers.T).max(1), atol=1e-6)


def test_a_row_alone_in_its_cluster_is_left_there():
    rows = unit(np.array([[1, 0, 0], [0, 1, 0], [0, 1, 0.1], [0, 1, 0.1]]))
    centers = unit(np.array([[1, 0, 3], [0, 1, 0], [-1, -1, -1]]))  # the first row is the farthest of all from its own
    labels, similarity = (rows @ centers.T).argmax(1).astype(np.int32), (rows @ centers.T).max(1)
    assert labels.tolist() == [0, 1, 1, 1]
    assert fill_empty(rows, centers, labels, similarity) == 1
    assert labels.tolist() == [0, 1, 2, 2]


def copies(rng, distinct, total, dim=12):
    """``total`` rows out of ``distinct`` different ones, of which the first makes up nine tenths."""
    which = np.where(rng.random(total) < 0.9, 0, rng.integers(0, distinct, total))
    which[:distinct] = np.arange(distinct)
    return unit(rng.normal(size=(distinct, dim)))[rng.permutation(which)].astype(np.float16)


@pytest.mark.parametrize('kmeans', [FaissKMeans(60), FaissKMeans(60, iterations=1), HierarchicalKMeans(60),
                                    HierarchicalKMeans(60, branching=(3, 4, 5)),
                                    HierarchicalKMeans(60, final_iterations=3)])
@pytest.mark.parametrize('distinct', [60, 64, 200])
def test_no_cluster_is_empty_where_most_rows_are_copies_of_one(kmeans, distinct):
    rows = copies(np.random.default_rng(distinct), distinct, 1000)
    clusters = kmeans.fit(rows)
    assert clusters.centers.shape == (60, 12)
    assert clusters.report['empty'] == 0 and clusters.report['sizes']['min'] >= 1
    assert len(np.unique(kmeans.assign(rows, clusters))) == 60


@pytest.mark.parametrize('kmeans', [FaissKMeans(60), HierarchicalKMeans(60)])
def test_fewer_different_regions_than_clusters_are_refused(kmeans):
    with pytest.raises(UserError, match='1000 regions have no more than 40 different embeddings, which cannot fill 60'):
        kmeans.fit(copies(np.random.default_rng(0), 40, 1000))


def test_rows_of_zeros_are_no_place_for_a_centre():
    rows = np.concatenate([np.zeros((30, 12), np.float32), unit(np.random.default_rng(0).normal(size=(30, 12)))])
    clusters = FaissKMeans(30).fit(rows)
    np.testing.assert_allclose(np.linalg.norm(clusters.centers, axis=1), 1, atol=1e-5)
    assert clusters.report['empty'] == 0
    with pytest.raises(UserError, match='no more than'):
        FaissKMeans(40).fit(rows)
