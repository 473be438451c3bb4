import copy
import json

import numpy as np
import pytest

from mmrice.data_engine.build import Build
from mmrice.data_engine.executors import LocalExecutor
from mmrice.datasets.shard_format import index_tar, read_meta, read_regions
from mmrice.utils import UserError


def build(engine, out, stages=None):
    return Build(engine, out, LocalExecutor(0)).run(stages)


def contents(out):
    return {path.name: path.read_bytes() for path in sorted(out.iterdir()) if path.is_file()}


def changed(engine, part, **changes):
    engine = copy.deepcopy(engine)
    engine[part].update(changes)
    return engine


@pytest.fixture
def built(engine, tmp_path):
    build(engine, tmp_path / 'out')
    return tmp_path / 'out'


def test_a_build_holds_every_image_and_valid_labelled_regions(built):
    meta = read_meta(built)
    assert meta['num_images'] == 10 and meta['num_shards'] == 3 and meta['num_classes'] == {'object': 8, 'ocr': 0}
    keys = [key for shard in range(3) for key in index_tar(built / f'{shard:06d}.tar')]
    assert keys == [f'photos_{number:02d}' for number in range(10)]
    regions = {}
    for shard in range(3):
        regions.update(read_regions(built / f'{shard:06d}.regions.parquet'))
    assert set(regions) <= set(keys)
    assert sum(len(image['boxes']) for image in regions.values()) == meta['num_regions']['object'] > 20
    for image in regions.values():
        assert image['boxes'].min() >= 0 and image['boxes'].max() <= 128
        assert all(len(labels) == 1 and labels[0] < 8 for labels in image['labels'])


def test_unusable_images_are_listed(built):
    rejects = [json.loads(line) for line in (built / 'rejects.jsonl').read_text().splitlines()]
    assert [(reject['file'].rsplit('/', 1)[1], reject['reason']) for reject in rejects] == [('04b.jpg', 'zero bytes')]
    assert read_meta(built)['left_out']['images'] == 1


def test_labels_are_the_nearest_centres(built):
    features = np.load(built / '.work' / '000001.embed.npy').astype(np.float32)
    labels = [label for image in read_regions(built / '000001.regions.parquet').values() for label, in image['labels']]
    np.testing.assert_array_equal(labels, (features @ np.load(built / 'centers.npy').T).argmax(1))


def test_building_again_changes_nothing_and_two_builds_are_equal_byte_for_byte(engine, built, tmp_path, capsys):
    before = contents(built)
    build(engine, built)
    assert contents(built) == before and capsys.readouterr().out.count('was up to date') == 5
    build(engine, tmp_path / 'other')
    assert contents(tmp_path / 'other') == before


def test_relabelling_with_more_clusters_touches_only_parquet_and_meta(engine, built):
    before, dates = contents(built), {path.name: path.stat().st_mtime_ns for path in built.iterdir()}
    line = build(changed(engine, 'cluster', num_clusters=12), built, ['cluster', 'label'])
    after = contents(built)
    assert {name for name in after if after[name] != before[name]} == {
        'centers.npy', 'clusters.json', 'meta.json', *(f'{shard:06d}.regions.parquet' for shard in range(3))}
    assert all((built / f'{shard:06d}.tar').stat().st_mtime_ns == dates[f'{shard:06d}.tar'] for shard in range(3))
    assert read_meta(built)['num_classes']['object'] == 12 and 'in 12 clusters' in line


def test_a_projection_is_stored_with_the_centres_and_removed_with_it(engine, built):
    projected = changed(engine, 'cluster', projection={'type': 'mmrice.PCAWhitening', 'dim': 6})
    build(projected, built)
    assert np.load(built / 'centers.npy').shape == (8, 6) and (built / 'projection.npz').is_file()
    build(engine, built)
    assert not (built / 'projection.npz').exists()


def test_a_changed_setting_redoes_what_depends_on_it_and_no_more(engine, built, capsys):
    build(changed(engine, 'propose', max_regions=3), built)
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert 'was up to date' in lines['ingest']
    assert all('was up to date' not in lines[stage] for stage in ('propose', 'embed', 'cluster', 'label'))
    assert max(len(i['boxes']) for i in read_regions(built / '000000.regions.parquet').values()) == 3


def test_stages_that_are_out_of_date_must_be_asked_for(engine, built, tmp_path):
    with pytest.raises(UserError, match='stage propose .shard 000000. is missing, damaged, or was made with other'):
        build(changed(engine, 'propose', max_regions=3), built, ['cluster', 'label'])
    with pytest.raises(UserError, match='stage ingest has not run here'):
        build(engine, tmp_path / 'empty', ['label'])


def test_a_damaged_tar_and_a_missing_file_are_made_anew(engine, built):
    before = contents(built)
    tar = built / '000001.tar'
    tar.write_bytes(tar.read_bytes()[:3000])
    (built / '000002.regions.parquet').unlink()
    (built / '.work' / '000000.embed.npy').write_bytes(b'damaged')
    build(engine, built)
    assert contents(built) == before


def test_sources_may_be_gone_when_only_labels_are_made(engine, built, photo_folder):
    photo_folder.rename(photo_folder.with_name('moved'))
    build(changed(engine, 'cluster', num_clusters=4), built, ['cluster', 'label'])
    assert read_meta(built)['num_classes']['object'] == 4
    with pytest.raises(UserError, match='photos: no such folder'):
        build(engine, built)


def test_an_unfinished_build_is_no_build_to_a_reader(engine, built):
    line = build(changed(engine, 'embed', size=64), built, ['ingest', 'propose', 'embed'])
    assert 'up to date as far as embed' in line
    with pytest.raises(UserError, match='holds no finished region shards'):
        read_meta(built)


def test_shards_of_removed_images_are_removed(engine, built, photo_folder):
    for number in range(3, 10):
        (photo_folder / f'{number:02d}.jpg').unlink()
    build(engine, built)
    assert sorted(path.name for path in built.glob('*.tar')) == ['000000.tar']
    assert read_meta(built)['num_shards'] == 1 and not list(built.glob('.work/000001.*'))


@pytest.mark.parametrize('change, message', [
    ({'embed': None}, 'engine.embed is missing'), ({'embde': {}}, 'engine.embde: unknown part'),
    ({'cluster': {'type': 'mmrice.FaissKMeans', 'num_clusters': 900}}, 'regions cannot fill 900 clusters')])
def test_a_wrong_engine_is_refused(engine, tmp_path, change, message):
    with pytest.raises(UserError, match=message):
        build({**engine, **change}, tmp_path / 'out')


def test_images_without_any_region_say_what_to_lower(engine, tmp_path):
    with pytest.raises(UserError, match='no region was proposed in any image: lower engine.propose.min_edge'):
        build(changed(engine, 'propose', min_edge=500), tmp_path / 'out')


def whole_images(engine, **label):
    return {**engine, 'propose': {'type': 'mmrice.WholeImageProposer'}, 'label': label,
            'cluster': {**engine['cluster'], 'num_clusters': 5}}


def test_whole_images_get_their_nearest_clusters_as_labels(engine, tmp_path, capsys):
    line = build(whole_images(engine, top_k=3), tmp_path)
    assert '10 image regions in 5 clusters' in line
    assert read_meta(tmp_path)['num_regions'] == {'image': 10, 'ocr': 0}
    assert read_meta(tmp_path)['num_classes'] == {'image': 5, 'ocr': 0}
    regions = read_regions(tmp_path / '000000.regions.parquet')
    assert len(regions) == 4 and all(image['kinds'] == ['image'] for image in regions.values())
    assert all(image['boxes'].tolist() == [[0, 0, 128, 128]] for image in regions.values())
    features = np.load(tmp_path / '.work' / '000000.embed.npy').astype(np.float32)
    nearest = (-features @ np.load(tmp_path / 'centers.npy').T).argsort(1)[:, :3]
    assert [image['labels'][0] for image in regions.values()] == nearest.tolist()
    capsys.readouterr()
    build(whole_images(engine, top_k=1), tmp_path)
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert 'was up to date' in lines['cluster'] and 'was up to date' not in lines['label']


@pytest.mark.parametrize('top_k, message', [(0, 'top_k is 0, expected a number'), ('8', "top_k is '8', expected"),
                                            (6, 'top_k is 6, but there are 5 clusters')])
def test_a_wrong_number_of_labels_is_refused(engine, tmp_path, top_k, message):
    with pytest.raises(UserError, match=message):
        build(whole_images(engine, top_k=top_k), tmp_path)


def test_an_object_region_takes_one_label(engine, tmp_path):
    with pytest.raises(UserError, match='an object region has one label'):
        build(changed(engine, 'label', top_k=2), tmp_path)


def test_labels_out_of_a_few_cells_are_labels_of_their_own_setting(engine, built):
    engine = changed(engine, 'cluster', num_clusters=30)
    build(engine, built)
    before = contents(built)
    tables = [name for name in before if name.endswith('.parquet')]
    build(changed(engine, 'label', assign=1000), built, ['label'])
    assert all(contents(built)[name] == before[name] for name in tables)  # every cell was looked at
    build(changed(engine, 'label', assign='hierarchical'), built, ['label'])
    assert any(contents(built)[name] != before[name] for name in tables)
    with pytest.raises(UserError, match="engine.label.assign is 'nearest', expected 'exact'"):
        build(changed(engine, 'label', assign='nearest'), built)
