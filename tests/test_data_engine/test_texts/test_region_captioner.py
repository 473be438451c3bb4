import numpy as np
import pytest
import text_stand_ins
from killing import build

from mmrice.data_engine.grounders import RegionCaptioner
from mmrice.data_engine.proposers import Proposals
from mmrice.datasets.shard_format import read_meta, read_table
from mmrice.utils import UserError

CAPTIONER = {'type': 'ColourCaptioner', 'batch_size': 2}
NONE = Proposals(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))


@pytest.fixture
def image():
    """A red square on the left, a blue one on the right."""
    image = np.full((40, 80, 3), 128, np.uint8)
    image[10:30, 10:30], image[10:30, 50:70] = text_stand_ins.COLOURS['red'], text_stand_ins.COLOURS['blue']
    return image


def propose(*boxes):
    return Proposals(np.array(boxes, np.float32), np.linspace(0.5, 1, len(boxes), dtype=np.float32))


def test_a_box_is_captioned_by_what_is_in_it_and_left_out_without_caption(image):
    found = RegionCaptioner(CAPTIONER)([image, image, image], [{}] * 3, [
        propose([5, 5, 35, 35], [30, 0, 50, 40], [0, 0, 80, 40]), NONE, propose([60, 5, 70, 35])])
    assert [one.phrases for one in found] == [
        ['A photo of a red square.', 'A photo of a red square and a blue square.'], [], ['A photo of a blue square.']]
    assert found[0].boxes.tolist() == [[5, 5, 35, 35], [0, 0, 80, 40]] and found[0].scores.tolist() == [0.5, 1]


def test_a_captioner_can_see_some_context(image):
    box = propose([34, 5, 44, 35])
    assert [RegionCaptioner(CAPTIONER, pad=pad)([image], [{}], [box])[0].phrases for pad in (0, 0.5, 1)] == [
        [], ['A photo of a red square.'], ['A photo of a red square and a blue square.']]


def test_a_part_that_forgets_a_box_is_named_and_so_is_a_wrong_setting(image):
    with pytest.raises(UserError, match='ground.captioner: ForgetfulPart returned 1 lists of captions for 2 boxes'):
        RegionCaptioner({'type': 'ForgetfulPart'})([image], [{}], [propose([0, 0, 9, 9], [0, 0, 8, 8])])
    with pytest.raises(UserError, match=r'engine.ground.captioner.batch_size is 0'):
        RegionCaptioner({**CAPTIONER, 'batch_size': 0})
    with pytest.raises(UserError, match=r'engine.ground.captioner.path is a local model folder'):
        RegionCaptioner({'type': 'mmrice.HuggingFaceCaptioner', 'path': '/none'}).fingerprint()


@pytest.fixture
def captioned(engine):
    """Boxes, and captions of them; nothing has a cluster."""
    return {'ingest': engine['ingest'], 'propose': engine['propose'], 'label': {},
            'ground': {'type': 'mmrice.RegionCaptioner', 'captioner': {'type': 'SizeCaptioner'}}}


def test_proposed_boxes_become_phrases_without_clusters(captioned, engine, tmp_path):
    build(captioned, tmp_path / 'out')
    with np.load(tmp_path / 'out' / '.work' / '000000.propose.npz') as proposals:
        expected = proposals['boxes'].tolist()
    rows = read_table(tmp_path / 'out' / '000000.regions.parquet').to_pylist()
    assert [row['box'] for row in rows] == expected and {row['kind'] for row in rows} == {'text'}
    assert all(row['text'] == f'{x2 - x1:.0f} wide' for row in rows for x1, _, x2, _ in [row['box']])
    assert read_meta(tmp_path / 'out')['num_classes'] == {}
    clustered = {**captioned, **{name: engine[name] for name in ('embed', 'cluster')}}
    build(clustered, tmp_path / 'both')
    both = read_table(tmp_path / 'both' / '000000.regions.parquet').to_pylist()
    assert [row for row in both if row['kind'] == 'text'] == rows
    assert sorted(row['box'] for row in both if row['kind'] == 'object') == sorted(expected)


@pytest.mark.parametrize('change, message', [
    ({'propose': None}, 'engine.propose is missing from the config: mmrice.RegionCaptioner captions its boxes'),
    ({'ground': None, 'caption': {'type': 'mmrice.SourceCaptions'}}, 'engine.embed is missing from the config'),
    ({'cluster': {'type': 'mmrice.FaissKMeans', 'num_clusters': 2}}, 'engine.embed is missing from the config')])
def test_boxes_that_nothing_reads_and_captions_without_boxes_are_refused(captioned, tmp_path, change, message):
    with pytest.raises(UserError, match=message):
        build({**captioned, **change}, tmp_path / 'out')
