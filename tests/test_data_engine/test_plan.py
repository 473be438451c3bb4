import pytest

from mmrice.data_engine.plan import drop_other_shards, make_plan, read_entries, read_plan
from mmrice.data_engine.sources import ImageFolders
from mmrice.data_engine.workspace import Workspace
from mmrice.utils import UserError


@pytest.fixture
def space(tmp_path):
    (tmp_path / 'out').mkdir()
    return Workspace(tmp_path / 'out')


def test_a_plan_is_read_as_it_was_made(space, photo_folder):
    source = ImageFolders({'photos': photo_folder}, images_per_shard=4)
    plan = make_plan(space, source)
    assert [(name, shard.images) for name, shard in plan.items()] == [('000000', 4), ('000001', 4), ('000002', 3)]
    assert read_plan(space) == plan
    assert [read_entries(space, name) for name in plan] == list(source.plan())


def test_entries_are_written_anew_only_where_they_changed(space, photo_folder):
    source = ImageFolders({'photos': photo_folder}, images_per_shard=4)
    before = make_plan(space, source)
    times = {name: space.work(name, 'plan', 'json').stat().st_mtime_ns for name in before}
    (photo_folder / '05.jpg').write_bytes(b'new')
    after = make_plan(space, source)
    assert [name for name in before if before[name] != after[name]] == ['000001']
    assert [name for name in before if space.work(name, 'plan', 'json').stat().st_mtime_ns != times[name]] == ['000001']


def test_a_plan_that_was_not_finished_is_none(space, photo_folder):
    class Killed(ImageFolders):
        def plan(self, names=None):
            yield next(super().plan(names))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_plan(space, Killed({'photos': photo_folder}, images_per_shard=4))
    with pytest.raises(UserError, match='stage ingest has not run here'):
        read_plan(space)


def test_files_of_shards_that_are_no_more_are_removed(space, photo_folder):
    plan = make_plan(space, ImageFolders({'photos': photo_folder}, images_per_shard=6))
    for name in ('meta.json', '000001.tar', '000002.tar', '000002.regions.parquet', 'centers.npy'):
        (space.root / name).touch()
    space.work('000002', 'embed', 'npy').touch()
    drop_other_shards(space, plan)
    assert sorted(path.name for path in space.root.rglob('*') if path.is_file()) == [
        '000000.plan.json', '000001.plan.json', '000001.tar', 'centers.npy', 'plan.json']
