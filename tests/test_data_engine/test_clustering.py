import importlib.util

import numpy as np
import pytest

from mmrice.data_engine.clustering import FaissKMeans
from mmrice.data_engine.clustering.report import evenly, neighbour_report, size_report
from mmrice.utils import UserError


def unit(x):
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def blobs():
    """Five tight groups of directions: features (200, 16) and their group (200,)."""
    rng = np.random.default_rng(0)
    centres = unit(rng.normal(size=(5, 16)))
    group = rng.integers(0, 5, 200)
    return unit(centres[group] + rng.normal(size=(200, 16)) * 0.03), group


@pytest.mark.parametrize('projection', [None, {'type': 'mmrice.PCAWhitening', 'dim': 8}])
def test_separated_groups_are_recovered(blobs, projection):
    features, group = blobs
    kmeans = FaissKMeans(5, redo=5, projection=projection)
    clusters = kmeans.fit(features.astype(np.float16))
    labels = kmeans.assign(features, clusters)
    pairs = set(zip(group.tolist(), labels.tolist()))
    assert len(pairs) == 5 and len({label for _, label in pairs}) == 5
    np.testing.assert_allclose(np.linalg.norm(clusters.centers, axis=1), 1, atol=1e-5)


def test_the_report_describes_the_fit(blobs):
    features = blobs[0]
    kmeans = FaissKMeans(5, redo=5)
    clusters = kmeans.fit(features)
    report, cosine = clusters.report, features @ clusters.centers.T
    assert report['num_clusters'] == 5 and report['regions_seen'] == 200 and report['empty'] == 0
    assert report['dims'] == 16 and report['repaired'] == 0
    assert 4.5 < report['effective_clusters'] <= 5
    assert report['mean_cosine'] == pytest.approx(cosine.max(1).mean(), abs=1e-4) and report['mean_cosine'] > 0.98
    np.testing.assert_allclose(report['inertia'], 2 - 2 * report['mean_cosine'], atol=2e-4)
    assert report['share_of_largest'] == np.bincount(cosine.argmax(1)).max() / 200
    assert report['cells'] == 2 and 0.5 <= report['recall_of_cells']['1'] <= 1


def test_near_duplicate_centres_are_reported():
    centers = np.eye(8, dtype=np.float32)
    assert neighbour_report(centers) == {'median': 0, 'q90': 0, 'q99': 0, 'max': 0}
    centers[7] = centers[6]
    assert neighbour_report(centers)['max'] == 1 and neighbour_report(centers)['median'] == 0
    assert neighbour_report(centers[:1]) == {}


def test_a_part_is_spread_evenly():
    assert evenly(9, 3).tolist() == [0, 4, 8] and evenly(3, 9).tolist() == [0, 1, 2]


def test_equal_data_and_seed_give_equal_centres(blobs):
    first, second, other = (FaissKMeans(20, seed=seed).fit(blobs[0]).centers for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


def test_the_effective_number_of_clusters_counts_even_clusters_fully():
    assert size_report(np.array([5, 5, 5, 5]))['effective_clusters'] == 4
    report = size_report(np.array([20, 0, 0]))
    assert report == {'sizes': {'min': 0, 'q10': 0, 'median': 0, 'q90': 16, 'max': 20}, 'empty': 2,
                      'effective_clusters': 1, 'share_of_largest': 1}


def test_more_clusters_than_regions_are_refused(blobs):
    with pytest.raises(UserError, match='200 regions cannot fill 300 clusters'):
        FaissKMeans(300).fit(blobs[0])
    with pytest.raises(UserError, match='num_clusters is 0'):
        FaissKMeans(0)


def test_without_faiss_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(UserError, match='needs faiss, which is not installed.*pip install'):
        FaissKMeans(5)


def test_the_nearest_centres_of_an_embedding_come_in_order(blobs):
    features = blobs[0]
    kmeans = FaissKMeans(5)
    clusters = kmeans.fit(features)
    labels = kmeans.assign(features, clusters, top_k=3)
    np.testing.assert_array_equal(labels, (-features @ clusters.centers.T).argsort(1)[:, :3])
    np.testing.assert_array_equal(labels[:, 0], kmeans.assign(features, clusters))
    with pytest.raises(UserError, match='engine.label.top_k is 6, but there are 5 clusters'):
        kmeans.assign(features, clusters, top_k=6)


def test_the_fit_does_not_make_a_float32_copy_of_its_sample():
    import tracemalloc
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(120_000, 64)).astype(np.float16)  # 15 MB, 30 in float32
    FaissKMeans(4, iterations=2).fit(rows[:1000])
    tracemalloc.start()
    FaissKMeans(4, iterations=2).fit(rows)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 25e6
