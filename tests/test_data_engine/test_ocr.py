import importlib.metadata
import importlib.util

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from mmrice.data_engine.ocr import RapidOCRReader, pad_to_aspect
from mmrice.data_engine.stages.ocr import ocr_shard
from mmrice.data_engine.workspace import Workspace, read_json, write_tar
from mmrice.datasets.mini.words import font_folder
from mmrice.utils import UserError

pytestmark = pytest.mark.skipif(importlib.util.find_spec('rapidocr') is None, reason='needs rapidocr')


@pytest.fixture(scope='module')
def reader():
    return RapidOCRReader(det_edge=160)


def render(text, size=(64, 256), height=32, at=(20, 10)):
    image = Image.new('RGB', size[::-1], 'white')
    ImageDraw.Draw(image).text(at, text, 'black', ImageFont.truetype(str(font_folder() / 'DejaVuSans.ttf'), height))
    return np.asarray(image)


@pytest.fixture
def sign():
    image = np.full((256, 256, 3), 200, np.uint8)
    cv2.putText(image, 'hello world', (20, 80), cv2.FONT_HERSHEY_SIMPLEX, 1, (10, 10, 10), 2)
    cv2.putText(image, 'CAFE', (60, 180), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (10, 10, 200), 2)
    return image


def test_rendered_words_are_read_where_they_stand(reader, sign):
    lines = reader(sign)
    assert [line['text'] for line in lines] == ['hello world', 'CAFE']
    np.testing.assert_allclose(lines[0]['box'], [20, 57, 192, 85], atol=10)
    assert all(0.7 < line['score'] <= 1 for line in lines)


def test_an_empty_wall_has_no_text(reader):
    assert reader(np.full((128, 128, 3), 120, np.uint8)) == []


def test_reading_repeats_exactly(reader, sign):
    assert reader(sign) == reader(sign)


def test_lines_below_the_least_score_are_left_out(sign):
    assert RapidOCRReader(min_score=1.0)(sign) == []


@pytest.mark.parametrize('size', [(1, 1), (3, 2), (1, 24), (24, 1)])
def test_tiny_images_have_no_text(reader, size):
    assert reader(np.full((*size, 3), 200, np.uint8)) == []


def test_a_long_image_is_padded_below_or_at_the_right_and_others_are_left_alone():
    image = np.random.default_rng(0).integers(0, 256, (3, 100, 3), np.uint8)
    wide, tall = pad_to_aspect(image, 8), pad_to_aspect(image.transpose(1, 0, 2), 8)
    assert wide.shape == (13, 100, 3) and (wide[:3] == image).all() and (wide[3:] == image[-1]).all()
    assert (tall == wide.transpose(1, 0, 2)).all()
    assert pad_to_aspect(wide, 8) is wide


@pytest.mark.parametrize('size', [(1000, 100), (40, 1000)])
def test_a_word_in_a_long_image_is_read_where_it_stands(reader, size):
    line, = reader(render('Cafe', size, 24, at=(20, 6)))
    assert line['text'] == 'Cafe'
    np.testing.assert_allclose(line['box'], [15, 2, 80, 36], atol=4)


def test_accents_and_other_scripts_survive_the_way_to_the_file(reader, tmp_path):
    assert [line['text'] for line in reader(render('Télérama'))] == ['Télérama']
    space = Workspace(tmp_path)
    write_tar(space.tar('000000'), [(key, cv2.imencode('.jpg', np.zeros((9, 9, 3), np.uint8))[1].tobytes())
                                    for key in ('a', 'b')])
    line = {'box': [0., 0., 9., 9.], 'text': '出口 Télérama 😀', 'score': 0.9}
    results = iter([[], [line]])
    outputs, counts = ocr_shard(lambda image: next(results), space, '000000', None)
    assert read_json(*outputs) == [[], [line]] and counts == {'lines': 1}


def test_another_version_or_model_file_changes_the_fingerprint(tmp_path, monkeypatch):
    (tmp_path / 'a.onnx').write_bytes(b'one')
    prints = [RapidOCRReader().fingerprint(), RapidOCRReader(det_model=str(tmp_path / 'a.onnx')).fingerprint(),
              RapidOCRReader(rec_model=str(tmp_path / 'a.onnx')).fingerprint()]
    (tmp_path / 'a.onnx').write_bytes(b'two')
    prints.append(RapidOCRReader(det_model=str(tmp_path / 'a.onnx')).fingerprint())
    monkeypatch.setattr(importlib.metadata, 'version', lambda name: '99')
    prints.append(RapidOCRReader().fingerprint())
    assert len(set(map(tuple, prints))) == 5


@pytest.mark.parametrize('name, content, message', [
    ('det_model', None, 'no such file'), ('rec_model', b'junk', 'cannot be loaded as an ONNX model')])
def test_a_model_file_that_cannot_be_used_is_named(tmp_path, sign, name, content, message):
    if content is not None:
        (tmp_path / 'a.onnx').write_bytes(content)
    with pytest.raises(UserError, match=rf'engine.ocr.{name}: .*a.onnx: {message}'):
        RapidOCRReader(**{name: str(tmp_path / 'a.onnx')})(sign)


def test_a_recognition_model_without_its_characters_asks_for_them_and_fetches_nothing(tmp_path, sign):
    onnx = pytest.importorskip('onnx')
    value = onnx.helper.make_tensor_value_info('x', onnx.TensorProto.FLOAT, [1])
    graph = onnx.helper.make_graph([onnx.helper.make_node('Identity', ['x'], ['y'])], 'g', [value],
                                   [onnx.helper.make_tensor_value_info('y', onnx.TensorProto.FLOAT, [1])])
    opset = [onnx.helper.make_opsetid('', 13)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), str(tmp_path / 'a.onnx'))
    with pytest.raises(UserError, match='rec_model: .* does not hold the characters.*engine.ocr.rec_keys'):
        RapidOCRReader(rec_model=str(tmp_path / 'a.onnx'))(sign)


def test_without_rapidocr_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(UserError, match='needs rapidocr, which is not installed.*pip install'):
        RapidOCRReader()
