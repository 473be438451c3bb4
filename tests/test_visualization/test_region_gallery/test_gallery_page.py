"""The gallery is one file that fetches nothing, in which texts stay texts; and a damaged build is one clear error."""
import base64
import hashlib
import io
import json
import re
from html.parser import HTMLParser

import pytest
from gallery_build import NASTY
from PIL import Image

from mmrice.datasets.shard_format import read_meta, regions_path, write_meta
from mmrice.utils import UserError
from mmrice.visualization.region_gallery import Limits, build_gallery
from mmrice.visualization.region_gallery.overview import count_reasons, histogram
from mmrice.visualization.region_gallery.page import json_in_script

VOID = ('img', 'meta', 'br', 'input', 'line')


class Page(HTMLParser):
    """Collects what the tests look at; fails on tags that do not close."""

    def __init__(self, text):
        super().__init__()
        self.links, self.ids, self.text, self.tags, self.open, self.handlers = [], [], [], [], [], []
        self.scripts, self.policy = [], ''
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append(tag)
        self.ids += [attrs['id']] if 'id' in attrs else []
        self.links += [attrs[name] for name in ('href', 'src', 'action') if name in attrs]
        self.handlers += [name for name in attrs if name.startswith('on')]
        if attrs.get('http-equiv') == 'Content-Security-Policy':
            self.policy = attrs['content']
        if tag == 'script':
            self.scripts.append('')
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == 'script':
            self.scripts[-1] += data
        else:
            self.text.append(data)


@pytest.fixture
def html(build):
    return ''.join(build_gallery(build[0], Limits()).page)


@pytest.fixture
def page(html):
    return Page(html)


def test_nothing_is_fetched_from_anywhere(html, page):
    assert all(link.startswith('#') for link in page.links)
    assert not set(page.tags) & {'link', 'iframe', 'object', 'embed', 'base', 'form', 'img'}
    bare = html.replace('http://www.w3.org/2000/svg', '').replace(page.scripts[0], '')
    assert not re.search(r'url\(|@import|https?://|fetch\(|XMLHttpRequest|import\(', bare)


def test_the_security_policy_allows_the_one_script_and_nothing_from_the_network(page):
    digest = base64.b64encode(hashlib.sha256(page.scripts[1].encode()).digest()).decode()
    assert page.policy == f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    assert len(page.scripts) == 2 and page.handlers == []


def test_every_link_and_every_element_that_the_script_asks_for_is_there(page):
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links} == {'overview', 'clusters', 'words', 'images', 'made'} <= set(page.ids)
    asked = set(re.findall(r"(?:byId|value)\('([\w-]+)'\)", page.scripts[1]))
    assert {'data', 'cluster-id', 'cluster-sort', 'word-q', 'image-q'} <= asked <= set(page.ids)
    for name in ('cluster', 'word', 'image'):
        assert {f'{name}-{end}' for end in ('list', 'status', 'page', 'back', 'next')} <= set(page.ids)


def test_texts_of_images_cannot_become_markup(html, page):
    assert json.loads(page.scripts[0])['words'][1]['word'] == NASTY
    assert 'onerror' in html and '<img' not in html
    assert html.count('</script') == 2
    shown = ''.join(page.text)
    assert f'{NASTY}0.jpg: truncated: 0' in shown  # of the rejects
    assert json.dumps(NASTY) in shown  # of meta.json


@pytest.mark.parametrize('text', ['</script>', '<!--<script>', '\u2028&amp;', 'ü\U0001f600\ud800'])
def test_json_in_a_script_reads_back_as_it_was_and_has_no_angle_bracket(text):
    written = json_in_script({'text': text})
    assert json.loads(written) == {'text': text}
    assert written.isascii() and not set(written) & set('<>&')


def test_pictures_decode_to_the_size_that_is_stated_and_are_small(page):
    data = json.loads(page.scripts[0])
    assert len(data['crops']) > 30
    for crop in data['crops']:
        image = Image.open(io.BytesIO(base64.b64decode(crop['src'], validate=True)))
        image.load()
        assert (image.format, image.size) == ('JPEG', (crop['w'], crop['h']))
        assert crop['h'] <= (48 if crop['text'] else 96)
    for image in data['images']:
        size = Image.open(io.BytesIO(base64.b64decode(image['src'], validate=True))).size
        assert size == (image['w'], image['h']) == (160, 120)


def test_a_crop_shows_the_pixels_of_its_box(build):
    root, regions = build
    head, data, _ = build_gallery(root, Limits(crops=99, words=0)).page
    data, seen = json.loads(data), 0
    stored = {image['key']: Image.open(io.BytesIO(base64.b64decode(image['src']))) for image in data['images']}
    for cluster in data['clusters']:
        for index, cosine in cluster['crops']:
            crop = data['crops'][index]
            box, = (box for _, key, box, label, own in regions
                    if key == crop['key'] and label == cluster['id'] and abs(own - cosine) < 2e-3)
            left, top, right, bottom = map(round, box)
            assert (crop['w'], crop['h']) == (right - left, bottom - top)
            expected = stored[crop['key']].crop((left, top, right, bottom)).resize((1, 1), Image.BOX).getpixel((0, 0))
            found = Image.open(io.BytesIO(base64.b64decode(crop['src']))).resize((1, 1), Image.BOX).getpixel((0, 0))
            assert max(abs(a - b) for a, b in zip(expected, found)) < 8
            seen += 1
    assert seen == len(regions)


def test_the_overview_has_counts_quality_histogram_and_rejects(page):
    text = ' '.join(page.text)
    for part in ('60 object regions', '12 images', '12 OCR regions', '3 words in use', '1 empty', 'mean cosine 0.5',
                 'sizes max: 9', 'truncated', 'too small'):
        assert part in re.sub(r'\s+', ' ', text), part


def test_bars_of_the_histogram_count_every_cluster_that_is_not_empty():
    for sizes in ([5, 5, 5, 0], [1, 2, 3, 1000, 40_000], list(range(200)), [7]):
        svg = histogram(pytest.importorskip('numpy').array(sizes))
        assert sum(map(int, re.findall(r'regions: (\d+) clusters', svg))) == sum(size > 0 for size in sizes)


def test_reasons_beyond_a_limit_are_counted_together(tmp_path):
    path = tmp_path / 'rejects.jsonl'
    path.write_text(''.join(json.dumps(dict(file='a', reason=f'r{n}: x')) + '\n' for n in range(70)))
    reasons, examples = count_reasons(path)
    assert sum(reasons.values()) == 70 and reasons['other'] == 20 and examples['r3'] == 'a: r3: x'


def rewrite_meta(root, **changes):
    write_meta(root, {**read_meta(root), **changes})


@pytest.mark.parametrize('damage, message', [
    (lambda root: (root / 'meta.json').unlink(), 'meta.json: no such file'),
    (lambda root: (root / '000001.tar').unlink(), '000001.tar: no such file'),
    (lambda root: regions_path(root / '000002.tar').unlink(), '000002.regions.parquet: no such file'),
    (lambda root: regions_path(root / '000001.tar').write_bytes(b'PAR1'), '000001.regions.parquet: cannot be read'),
    (lambda root: (root / '000001.tar').write_bytes(b'x' * 2000), '000001.tar: damaged tar'),
    (lambda root: (root / '000000.tar').write_bytes(
        (root / '000000.tar').read_bytes().replace(b'\xff\xd8\xff', b'\0\0\0')), 'k00.jpg cannot be decoded'),
    (lambda root: rewrite_meta(root, num_shards=4), 'holds 3 shards, meta.json says 4'),
    (lambda root: rewrite_meta(root, num_classes=dict(object=2, ocr=4)), 'meta.json says 2 classes'),
    (lambda root: rewrite_meta(root, num_classes=6), 'num_classes is 6, expected a number for each kind'),
    (lambda root: (root / 'ocr_vocab.json').write_text('["a"]'), 'ocr_vocab.json: expected a list of 4 words'),
    (lambda root: (root / 'rejects.jsonl').write_text('{"file": 1}\n'), 'rejects.jsonl: line 1 is no reject'),
    (lambda root: (root / 'clusters.json').write_text('{'), 'clusters.json: not valid JSON')])
def test_a_damaged_build_is_one_clear_error(build, damage, message):
    damage(build[0])
    with pytest.raises(UserError) as error:
        build_gallery(build[0], Limits())
    assert message in str(error.value) and '\n' not in str(error.value)
