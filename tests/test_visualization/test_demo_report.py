"""report.html: complete, self-contained, and its numbers are those of results.json."""
import base64
import io
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest
from PIL import Image

from mmrice.utils import UserError

SECTIONS = ('results', 'commands', 'curves', 'detections', 'segmentations', 'features', 'regions', 'clusters')
CHROMIUM = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None)


class Page(HTMLParser):
    """Collects what the tests look at; fails on tags that do not close."""

    def __init__(self, text):
        super().__init__()
        self.images, self.links, self.ids, self.text, self.tags, self.open = [], [], [], [], set(), []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.add(tag)
        self.ids += [attrs['id']] if 'id' in attrs else []
        self.links += [attrs[name] for name in ('href', 'src') if name in attrs]
        self.images += [attrs] if tag == 'img' else []
        if tag not in ('img', 'meta', 'br'):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope='module')
def html(demo_dir):
    from mmrice.visualization.demo_report import build_report
    return build_report(demo_dir)


@pytest.fixture(scope='module')
def page(html):
    return Page(html)


def test_all_sections_are_there_in_order(page):
    assert tuple(name for name in page.ids if name in SECTIONS) == SECTIONS


def test_nothing_is_fetched_from_anywhere(html, page):
    assert all(link.startswith(('#', 'data:image/')) for link in page.links)
    assert not page.tags & {'script', 'link', 'iframe', 'object', 'embed', 'base', 'form'}
    assert not re.search(r'url\(|@import|https?://|//[a-z]', re.sub(r'base64,[^"]+', '', html))


def test_every_image_decodes_to_the_size_that_it_states_and_says_what_it_shows(page):
    assert len(page.images) >= 3 * 3 + 4 * 4 + 4 * 3 + 4
    for attrs in page.images:
        kind, _, content = attrs['src'].partition(';base64,')
        image = Image.open(io.BytesIO(base64.b64decode(content, validate=True)))
        image.load()
        assert kind == f'data:image/{image.format.lower()}'
        assert image.size == (int(attrs['width']), int(attrs['height']))
        assert attrs['alt']


def test_numbers_equal_those_of_results_json(demo_dir, page):
    results = json.loads((demo_dir / 'results.json').read_text())
    cells = [text.strip() for text in page.text]
    place = cells.index('bbox_mAP')
    expected = results['detection']['bbox_mAP'], results['detection']['bbox_mAP_random_init']
    assert cells[place + 1:place + 4] == [*(f'{value:.1f}' for value in expected), '+10.0']
    place = cells.index('mIoU')
    expected = results['segmentation']['mIoU'], results['segmentation']['mIoU_random_init']
    assert cells[place + 1:place + 4] == [*(f'{value:.1f}' for value in expected), '-1.0']


def test_commands_and_words_appear_as_they_were_written(page):
    text = ''.join(page.text)
    assert "python tools/train.py b.py --cfg-options 'x=<y>'" in text
    assert 'synthetic composition' in text


def test_curves_lie_over_each_other_with_a_legend(html):
    charts = re.findall(r'<svg.*?</svg>', html, re.DOTALL)
    assert len(charts) == 4
    assert all(chart.count('<polyline') == 2 for chart in charts)
    assert html.count('class="key line-b">from random init') == 2


def test_the_clusters_are_those_of_the_shards(page):
    text = ''.join(page.text)
    assert '#0 4 regions of 4 images' in text and '#2 1 regions of 1 images' in text


def test_a_demo_that_has_not_ended_is_an_error(tmp_path):
    from mmrice.visualization.demo_report import build_report
    with pytest.raises(UserError, match='results.json: no such file'):
        build_report(tmp_path)


@pytest.mark.skipif(CHROMIUM is None, reason='needs a chromium to open the page in')
@pytest.mark.parametrize('width', [1400, 420])
def test_a_browser_shows_the_page_without_a_horizontal_scroll_bar(html, tmp_path, width):
    probe = "<script>document.title = document.documentElement.scrollWidth + ' of ' + innerWidth</script></body>"
    (tmp_path / 'report.html').write_text(html.replace('</body>', probe))
    command = [CHROMIUM, '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
               '--disable-background-networking', '--disable-component-update', '--disable-sync',
               f'--user-data-dir={tmp_path / "profile"}', f'--window-size={width},900', '--dump-dom',
               f'file://{tmp_path / "report.html"}']
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    needed, given = map(int, re.search(r'<title>(\d+) of (\d+)</title>', shown).groups())
    assert needed <= given
