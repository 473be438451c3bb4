import pytest

from mmrice.data_engine.encoders import HandcraftedEncoder
from mmrice.data_engine.parts import build_part
from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError


def test_a_part_is_built_from_its_config():
    part = build_part({'type': 'mmrice.HandcraftedEncoder', 'size': 32, 'cell': 8}, 'embed')
    assert isinstance(part, HandcraftedEncoder) and part.size == 32


def test_a_part_of_another_project_is_found_in_the_registry():
    @ENGINE_STAGES.register_module(name='OwnEncoderOfThisTest')
    class Own:
        pass

    assert isinstance(build_part({'type': 'OwnEncoderOfThisTest'}, 'embed'), Own)
    ENGINE_STAGES.module_dict.pop('OwnEncoderOfThisTest')


@pytest.mark.parametrize('config, message', [
    ({'type': 'mmrice.FaissKmean', 'num_clusters': 3},
     r"engine.cluster: unknown type 'mmrice.FaissKmean'. Did you mean mmrice.FaissKMeans\?"),
    ({'type': 'mmrice.Zzz'}, 'unknown type .* Known: AnnotatedCaptions, '),
    ({'type': 'mmrice.FaissKMeans'}, "missing 1 required .*'num_clusters'. It takes num_clusters, iterations"),
    ({'type': 'mmrice.SelectiveSearchProposer', 'min_edg': 3},
     "unexpected keyword argument 'min_edg'. It takes min_edge"),
    ({'size': 3}, "expected a dict with 'type'"), (None, "engine.cluster is None, expected a dict with 'type'")])
def test_a_wrong_config_is_refused_in_the_users_words(config, message):
    with pytest.raises(UserError, match=message):
        build_part(config, 'cluster')
