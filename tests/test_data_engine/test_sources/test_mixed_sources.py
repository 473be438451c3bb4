import pytest

from mmrice.data_engine.sources import MixedSources
from mmrice.utils import UserError


def test_sources_of_several_kinds_follow_each_other_and_share_no_key(pictures, tmp_path, load, pack, picture):
    pack(tmp_path / '0.tar', [('0.jpg', picture(9))])
    source = MixedSources([dict(type='mmrice.ImageFolders', sources={'own_a': str(pictures / 'a')}),
                           dict(type='mmrice.WebDatasetTars', sources={'web': str(tmp_path / '*.tar')}),
                           dict(type='mmrice.ImageFolders', sources={'own': str(pictures)})], min_edge=8)
    assert [load(source, shard)[0] for shard in range(3)] == [
        ['own_a_0', 'own_a_1'], ['web_0+0'], ['own_a_0~2', 'own_a_1~2', 'own_b_0']]
    assert not source.plans_images


def test_the_smallest_edge_is_set_for_all_parts(pictures, load):
    parts = [dict(type='mmrice.ImageFolders', sources={'own': str(pictures)})]
    assert load(MixedSources(parts, min_edge=31))[0] == [] and len(load(MixedSources(parts, min_edge=30))[0]) == 3
    with pytest.raises(UserError, match=r'parts\[0\]: min_edge is set for all parts together'):
        MixedSources([{**parts[0], 'min_edge': 4}])


def test_wrong_parts_are_named(pictures):
    folder = dict(type='mmrice.ImageFolders', sources={'own': str(pictures)})
    with pytest.raises(UserError, match=r'two sources have one name \(own, own\)'):
        MixedSources([folder, folder])
    with pytest.raises(UserError, match=r"engine.ingest.parts\[0\]: unknown type 'mmrice.ImageFolder'"):
        MixedSources([{**folder, 'type': 'mmrice.ImageFolder'}])
    with pytest.raises(UserError, match='parts is empty'):
        MixedSources([])
