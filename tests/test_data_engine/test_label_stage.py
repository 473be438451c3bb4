import numpy as np
import pytest

from mmrice.data_engine.build import Build
from mmrice.data_engine.clustering import Clusters, FaissKMeans
from mmrice.data_engine.clustering.clusters import save_clusters
from mmrice.data_engine.executors import LocalExecutor
from mmrice.data_engine.stages.label import label_shard
from mmrice.data_engine.workspace import Workspace, write_json, write_tar
from mmrice.datasets.shard_format import read_regions, write_regions

WORDS = {'type': 'mmrice.WordVocabulary'}
PER_IMAGE = [2, 0, 3, 0, 1]
LINES = [['Open', 'xyz'], [], [], ['24h open'], ['closed']]


def unit(x):
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def space(tmp_path):
    """A shard of five images up to stage cluster: six proposals, four lines of which three have a known word."""
    rng, space = np.random.default_rng(0), Workspace(tmp_path)
    write_tar(space.tar('000000'), [(f'key{number}', b'') for number in range(5)])
    space.work('x').parent.mkdir()
    np.save(space.work('000000', 'embed', 'npy'), unit(rng.normal(size=(6, 8))).astype(np.float16))
    boxes = rng.uniform([0, 0, 20, 20], [10, 10, 50, 50], (6, 4)).astype(np.float32)
    np.savez(space.work('000000', 'propose', 'npz'), counts=np.array(PER_IMAGE), boxes=boxes,
             scores=rng.random(6).astype(np.float32))
    write_json(space.work('000000', 'ocr', 'json'), [
        [{'text': text, 'box': [1.3, 2.6, 30.1, 40.7], 'score': 0.91} for text in texts] for texts in LINES])
    write_json(tmp_path / 'ocr_vocab.json', ['24h', 'closed', 'open'])
    save_clusters(space, Clusters(unit(rng.normal(size=(7, 8))), cells=unit(rng.normal(size=(3, 8)))))
    return space


def label(space, version='1', **extra):
    return label_shard(FaissKMeans(7), space, '000000', {
        'kind': 'object', 'top_k': None, 'assign': 'exact', 'vocabulary': WORDS, 'centers': version, 'texts': (),
        **extra})


def naive_rows(space, kind, top_k, words):
    """The same, row by row."""
    nearest = (-np.load(space.work('000000', 'embed', 'npy')) @ np.load(space.root / 'centers.npy').T).argsort(1)
    proposals, rows = np.load(space.work('000000', 'propose', 'npz')), []
    for number, texts in enumerate(LINES):
        start = sum(PER_IMAGE[:number])
        for r in range(start, start + PER_IMAGE[number]):
            rows.append(dict(key=f'key{number}', box=proposals['boxes'][r].tolist(), kind=kind, text='',
                             score=float(proposals['scores'][r]), labels=nearest[r, :top_k].tolist()))
        known = {'Open': [2], '24h open': [0, 2], 'closed': [1]} if words else {}
        rows += [dict(key=f'key{number}', box=[1.3, 2.6, 30.1, 40.7], kind='ocr', score=0.91, labels=known[text],
                      text=text) for text in texts if text in known]
    return rows


@pytest.mark.parametrize('kind, top_k, vocabulary', [('object', None, WORDS), ('image', 3, WORDS), ('object', 1, None)])
def test_the_table_has_the_bytes_of_a_row_by_row_one(space, tmp_path, kind, top_k, vocabulary):
    outputs, counts = label(space, kind=kind, top_k=top_k, vocabulary=vocabulary)
    rows = naive_rows(space, kind, top_k or 1, vocabulary is not None)
    write_regions(tmp_path / 'naive', rows)
    assert outputs[0].read_bytes() == (tmp_path / 'naive').read_bytes()
    assert outputs == [space.root / '000000.regions.parquet'] and counts[kind] == 6


def test_counts_say_how_many_images_have_which_kinds(space):
    assert label(space)[1] == {'object': 6, 'ocr': 3, 'dropped_ocr': 1, 'images_without_regions': 1,
                               'images[object]': 1, 'images[ocr]': 1, 'images[object+ocr]': 2}
    assert label(space, vocabulary=None)[1] == {'object': 6, 'ocr': 0, 'dropped_ocr': 0, 'images_without_regions': 2,
                                                'images[object]': 3}
    assert label(space, kind='image')[1] == {'image': 6, 'ocr': 3, 'dropped_ocr': 1, 'images_without_regions': 1,
                                             'images[image]': 1, 'images[ocr]': 1, 'images[ocr+image]': 2}


def test_labels_come_from_the_nearest_cells_where_that_is_asked_for(space):
    features = np.load(space.work('000000', 'embed', 'npy')).astype(np.float32)
    centers, cells = np.load(space.root / 'centers.npy'), np.load(space.work('all', 'cluster', 'cells.npy'))
    own_cell = (features @ cells.T).argmax(1)[:, None] == (centers @ cells.T).argmax(1)
    expected = np.where(own_cell, features @ centers.T, -2).argmax(1)
    exact = (features @ centers.T).argmax(1)
    assert (expected != exact).any()
    for assign, labels in (('hierarchical', expected), (1, expected), (3, exact), ('exact', exact)):
        label(space, assign=assign)
        found = read_regions(space.root / '000000.regions.parquet')
        assert [one[0] for image in found.values() for one, kind in zip(image['labels'], image['kinds'])
                if kind == 'object'] == labels.tolist()


def test_new_centres_are_read_in_the_same_process(space):
    label(space, version='1')
    before = (space.root / '000000.regions.parquet').read_bytes()
    save_clusters(space, Clusters(-np.load(space.root / 'centers.npy')))
    label(space, version='2')
    assert (space.root / '000000.regions.parquet').read_bytes() != before


def test_a_shard_without_any_region_gets_an_empty_table(space):
    np.save(space.work('000000', 'embed', 'npy'), np.zeros((0, 0), np.float16))
    np.savez(space.work('000000', 'propose', 'npz'), counts=np.zeros(5, np.int64), scores=np.zeros(0, np.float32),
             boxes=np.zeros((0, 4), np.float32))
    outputs, counts = label(space, vocabulary=None)
    assert read_regions(outputs[0]) == {} and counts['images_without_regions'] == 5


def test_a_build_with_hierarchical_clusters_labels_regions_with_the_nearest_of_all_centres(engine, tmp_path):
    cluster = {'type': 'mmrice.HierarchicalKMeans', 'num_clusters': 9, 'branching': [3, 3], 'iterations': 3}
    assert 'in 9 clusters' in Build({**engine, 'cluster': cluster}, tmp_path, LocalExecutor(0)).run()
    features = np.load(tmp_path / '.work' / '000001.embed.npy').astype(np.float32)
    regions = read_regions(tmp_path / '000001.regions.parquet')
    labels = [label for image in regions.values() for label, in image['labels']]
    np.testing.assert_array_equal(labels, (features @ np.load(tmp_path / 'centers.npy').T).argmax(1))
    assert np.load(tmp_path / '.work' / 'all.cluster.cells.npy').shape[0] == 3
