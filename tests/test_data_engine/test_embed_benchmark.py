import numpy as np
import pytest

from mmrice.data_engine.encoders import MMPretrainEncoder
from mmrice.data_engine.workspace import Workspace
from mmrice.testing.data_benchmarks import embed


@pytest.fixture(autouse=True)
def small(monkeypatch):
    for name, value in dict(IMAGES=3, BOXES=2, SIDES=(144, 160)).items():
        monkeypatch.setattr(embed, name, value)


def test_the_bare_encoder_gets_the_crops_of_the_stage_in_its_batches(tmp_path):
    pytest.importorskip('mmpretrain')
    images, boxes = embed.write_shard(Workspace(tmp_path), seed=0)
    encoder = MMPretrainEncoder({'type': 'mmpretrain.ResNet', 'depth': 18, 'base_channels': 8, 'stem_channels': 8},
                                input_size=32, batch_size=4)
    seen = []
    encoder.load().register_forward_hook(lambda module, inputs, _: seen.append(inputs[0].clone()))
    embed.bare(encoder, images, boxes)()
    alone, seen[:] = list(seen), []
    from mmrice.data_engine.stages.embed import embed_shard
    embed_shard(encoder, Workspace(tmp_path), '000000', None)
    assert [len(batch) for batch in seen] == [4, 2]
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(seen, alone))


def test_measuring_gives_a_row_and_a_ratio_for_each_encoder(monkeypatch):
    pytest.importorskip('mmpretrain')
    monkeypatch.setattr(embed, 'IMAGES', 1)
    rows, ratios = embed.measure(threads=1, repeats=1, seed=0)
    assert [row['regions'] for row in rows] == [2, 2] and list(ratios.values()) == [row['ratio'] for row in rows]
    assert set(ratios) == {'embed_vs_encoder', 'embed_one_pass_vs_encoder'} and min(ratios.values()) > 0
