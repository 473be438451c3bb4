import importlib.util

import cv2
import numpy as np
import pytest

from mmrice.data_engine.ocr import RapidOCRReader
from mmrice.utils import UserError


@pytest.fixture(scope='module')
def reader():
    pytest.importorskip('rapidocr')
    return RapidOCRReader()


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
    pytest.importorskip('rapidocr')
    assert RapidOCRReader(min_score=1.0)(sign) == []


def test_without_rapidocr_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(UserError, match='needs rapidocr, which is not installed.*pip install'):
        RapidOCRReader()
