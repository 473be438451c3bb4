"""From rendered words to the numbers, and the messages."""
import importlib.util
import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from mmrice.datasets.mini.words import font_folder

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(importlib.util.find_spec('rapidocr') is None, reason='needs rapidocr')
WORDS = {'a.png': [('BAKERY', (20, 20), 30), ('Tickets', (40, 90), 20)], 'b.png': [('hello', (30, 50), 24)]}


@pytest.fixture(scope='module')
def build(tmp_path_factory):
    """A build of rendered words, one of which the list of known words lacks."""
    root = tmp_path_factory.mktemp('words')
    (root / 'signs').mkdir()
    lines = []
    for name, words in WORDS.items():
        image = Image.new('RGB', (200, 150), 'white')
        draw, known = ImageDraw.Draw(image), []
        for text, at, size in words:
            font = ImageFont.truetype(str(font_folder() / 'DejaVuSans-Bold.ttf'), size)
            draw.text(at, text, 'black', font)
            known.append({'text': text.upper(), 'box': draw.textbbox(at, text, font)})
        image.save(root / 'signs' / name)
        lines.append(json.dumps({'file_name': name, 'words': known[:1]}))
    (root / 'words.jsonl').write_text('\n'.join([*lines, '{"file_name": "c.png", "words": []}']))
    engine = {
        'ingest': {'type': 'mmrice.ImageFolders', 'sources': {'signs': str(root / 'signs')}, 'min_edge': 64},
        'propose': {'type': 'mmrice.WholeImageProposer'},
        'ocr': {'type': 'mmrice.RapidOCRReader', 'det_edge': 160},
        'embed': {'type': 'mmrice.HandcraftedEncoder', 'size': 32, 'cell': 8},
        'cluster': {'type': 'mmrice.FaissKMeans', 'num_clusters': 2, 'num_threads': 1},
        'label': {'vocabulary': {'type': 'mmrice.WordVocabulary', 'min_count': 1}}}
    (root / 'config.py').write_text(f'engine = {engine!r}\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, 'argv', ['build_region_data.py', str(root / 'config.py'), '--out', str(root / 'out'),
                                    '--num-workers', '0'])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(ROOT / 'tools' / 'build_region_data.py'), run_name='__main__')
        assert not ended.value.code
    return root


def test_rendered_words_are_all_found_and_the_word_that_the_list_lacks_counts_against_precision(analyse, build):
    status, content, out, err = analyse('ocr_report.py', build / 'out', '--words', f'signs={build / "words.jsonl"}')
    assert status == 0, err
    assert content['rows'][0] == {
        'source': 'signs', 'height': 'all', 'images': 2, 'known': 2, 'found': 2, 'read': 3, 'elsewhere': 1,
        'recall': 100.0, 'precision': 66.7, 'iou': content['rows'][0]['iou']}
    assert content['ratios']['recall_signs'] == 1 and 0.4 < content['ratios']['iou_signs'] <= 1
    assert 'signs: 1 of 3 images are not in the build (left out at ingest, or not below its folder)' in out
    assert '  a.png: read, not known: tickets' in out
    heights = {row['height']: row['known'] for row in content['rows'][1:]}
    assert sum(heights.values()) == 2 and np.all([name.endswith(('px', 'more')) for name in heights])


@pytest.mark.parametrize('words, message', [
    ('signs', "--words: 'signs' is not of the form SOURCE=FILE"),
    ('signs=none.jsonl', 'none.jsonl: no such file of known words'),
    ('photos=WORDS', "has none of the images of --words photos=FILE, e.g. a.png. Is 'photos' in engine.ingest.")])
def test_a_mistake_in_the_words_is_one_line(analyse, build, words, message):
    status, _, _, err = analyse('ocr_report.py', build / 'out', '--words',
                                words.replace('WORDS', str(build / 'words.jsonl')))
    assert status == 1 and len(err) == 1 and message in err[0]


def test_a_folder_that_is_no_build_is_named(analyse, tmp_path, build):
    status, _, _, err = analyse('ocr_report.py', tmp_path, '--words', f'signs={build / "words.jsonl"}')
    assert status == 1 and 'holds no finished region shards' in err[0]
