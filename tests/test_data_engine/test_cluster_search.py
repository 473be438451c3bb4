import numpy as np
import pytest

from mmrice.data_engine.clustering import Clusters, FaissKMeans
from mmrice.data_engine.clustering.clusters import load_clusters, save_clusters
from mmrice.data_engine.clustering.rows import projected, unit_blocks, unit_rows
from mmrice.data_engine.clustering.search import Search, cells_to_search
from mmrice.data_engine.whitening import PCAWhitening, project
from mmrice.data_engine.workspace import Workspace
from mmrice.utils import UserError


def unit(x):
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr('mmrice.data_engine.clustering.rows.BLOCK', 64)


@pytest.fixture(scope='module')
def rows():
    return unit(np.random.default_rng(0).normal(size=(500, 12))).astype(np.float16)


@pytest.fixture(scope='module')
def centers():
    return unit(np.random.default_rng(1).normal(size=(90, 12)))


@pytest.fixture(scope='module')
def cells():
    return unit(np.random.default_rng(2).normal(size=(9, 12)))


def test_the_nearest_centres_have_the_highest_cosines(rows, centers):
    labels, similarity = Search(centers)(rows, 4)
    cosine = unit(rows.astype(np.float32)) @ centers.T
    np.testing.assert_array_equal(labels, (-cosine).argsort(1)[:, :4])
    np.testing.assert_allclose(similarity, -np.sort(-cosine)[:, :4], atol=1e-6)
    assert labels.dtype == np.int32


@pytest.mark.parametrize('probes', [1, 3])
def test_a_search_of_some_cells_finds_the_best_centre_of_the_nearest_cells(rows, centers, cells, probes):
    labels = Search(centers, cells, probes)(rows)[0][:, 0]
    features = unit(rows.astype(np.float32))
    cell_of_center = (centers @ cells.T).argmax(1)
    looked_at = (cell_of_center[None, None] == (-features @ cells.T).argsort(1)[:, :probes, None]).any(1)
    np.testing.assert_array_equal(labels, np.where(looked_at, features @ centers.T, -2).argmax(1))


def test_more_cells_find_more_and_all_cells_find_all(rows, centers, cells):
    exact = Search(centers)(rows)[0]
    recall = [(Search(centers, cells, probes)(rows)[0] == exact).mean() for probes in (1, 2, 4, 9)]
    assert recall == sorted(recall) and recall[0] < recall[1] and recall[-1] == 1


def test_where_the_cells_hold_too_few_centres_all_are_looked_at(rows, centers, cells):
    labels, similarity = Search(centers, cells, 1)(rows, 30)
    assert labels.min() >= 0
    cell_of_center, nearest = (centers @ cells.T).argmax(1), (unit(rows.astype(np.float32)) @ cells.T).argmax(1)
    short = np.bincount(cell_of_center, minlength=9)[nearest] < 30
    assert short.any()
    np.testing.assert_array_equal(labels[short], Search(centers)(rows[short], 30)[0])


def test_projected_rows_are_searched_in_the_space_of_the_centres(rows):
    fitted = PCAWhitening(5).fit(rows)
    centers = unit(np.random.default_rng(3).normal(size=(20, 5)))
    labels = Search(centers)(rows, 1, fitted)[0][:, 0]
    np.testing.assert_array_equal(labels, (project(rows, **fitted) @ centers.T).argmax(1))


def test_the_fit_and_the_labels_see_the_same_projected_rows(rows):
    fitted = PCAWhitening(5).fit(rows)
    labelled = np.concatenate([block for _, block in unit_blocks(rows, fitted)])
    np.testing.assert_array_equal(labelled, unit_rows(projected(rows, fitted)))
    assert projected(rows, fitted).dtype == np.float16 and projected(rows, None) is rows


def test_ways_to_assign_are_read_and_others_refused():
    assert [cells_to_search(how) for how in ('exact', 'hierarchical', 1, 16)] == [None, 1, 1, 16]
    for wrong in (0, -1, 'nearest', True, None, 1.5):
        with pytest.raises(UserError, match='engine.label.assign is .*, expected .exact. .all centres.'):
            cells_to_search(wrong)


@pytest.mark.parametrize('projection', [None, dict(type='mmrice.PCAWhitening', dim=6)])
def test_clusters_come_back_from_their_files(rows, tmp_path, projection):
    space, kmeans = Workspace(tmp_path), FaissKMeans(20, projection=projection)
    made = kmeans.fit(rows)
    names = {path.name for path in save_clusters(space, made)}
    assert names == {'centers.npy', 'all.cluster.cells.npy'} | ({'projection.npz'} if projection else set())
    read = load_clusters(space)
    for how in ('exact', 'hierarchical', 2):
        np.testing.assert_array_equal(kmeans.assign(rows, read, 3, how), kmeans.assign(rows, made, 3, how))
    assert read.search(2) is read.search(2) and isinstance(read.centers, np.memmap)


def test_files_of_earlier_clusters_do_not_stay(rows, tmp_path):
    space = Workspace(tmp_path)
    save_clusters(space, FaissKMeans(20, projection=dict(type='mmrice.PCAWhitening', dim=6)).fit(rows))
    save_clusters(space, Clusters(np.eye(12, dtype=np.float32)))
    read = load_clusters(space)
    assert read.projection is None and read.cells is None and read.centers.shape == (12, 12)
