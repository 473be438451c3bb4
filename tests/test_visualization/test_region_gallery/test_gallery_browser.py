"""What the gallery does in a browser."""
import re
import shutil
import subprocess
from html import escape

import pytest
from gallery_build import NASTY

from mmrice.visualization.region_gallery import Limits, build_gallery

CHROMIUM = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason='needs a chromium to open the page in')


@pytest.fixture
def opened(build, tmp_path):
    """``opened(hash, width, change) -> the document``, as it is after the script; ``change`` edits the page first."""

    def run(address='', width=1300, change=lambda page: page):
        page = change(''.join(build_gallery(build[0], Limits()).page))
        (tmp_path / 'gallery.html').write_text(page)
        command = [CHROMIUM, '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
                   '--disable-background-networking', '--disable-component-update', '--disable-sync',
                   f'--user-data-dir={tmp_path / "profile"}', f'--window-size={width},900', '--dump-dom',
                   f'file://{tmp_path / "gallery.html"}{address}']
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout

    return run


def list_of(document, name):
    """Status and headings (or captions) of one list."""
    status, = re.findall(rf'id="{name}-status"[^>]*>([^<]*)<', document)
    cards = document.partition(f'id="{name}-list"')[2].partition('class="pager"')[0]
    return status, re.findall(r'<h3>(.*?)<span' if name != 'image' else r'<figcaption>([^:]*):', cards)


def probe(code):
    """A change of the page that leaves the value of an expression as its title; its policy has to go for that."""
    script = f'<script>document.title = {code}</script></body>'
    return lambda page: re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', '', page).replace('</body>', script)


def test_typing_filters_words_clusters_and_images(opened):
    document = opened('#q=Script&cluster-id=1,%203-9&cluster-sort=id&image-q=K0')
    # The first is a word with 'script' in it, the other was read where that stands.
    assert list_of(document, 'word') == ('2 of 3 words', [escape(NASTY, quote=False), 'push'])
    status, clusters = list_of(document, 'cluster')
    assert status == '4 of 6 clusters' and [re.sub('<.*?>', '', one) for one in clusters] == ['#1', '#3', '#4', '#5']
    status, images = list_of(document, 'image')
    assert status == '4 of 12 images' and images == ['k00', 'k01', 'k02', 'k03']


def test_a_link_to_a_cluster_and_to_a_box_goes_there(opened):
    document = opened('#cluster=3&image=k11&box=2&cluster-min=999')
    cluster, = re.findall(r'<div class="card target"[^>]*>(.*?)</h3>', document)
    assert '</i>#3<' in cluster
    assert list_of(document, 'cluster')[0] == '6 clusters'  # the filter that hid it is gone
    image, = re.findall(r'<figure class="picture target".*?</figure>', document)
    assert re.findall(r'class="object linked on"', image) and 'k11: 5 object regions, 2 OCR regions' in image


def test_texts_that_were_read_are_shown_as_texts(opened):
    document = opened(change=lambda page: page.replace('</body>', "<script>document.title = 'broken'</script></body>"))
    assert '&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;' in document
    assert not re.search(r'<img src="?x', document)
    assert '<title>Region shards in' in document  # the policy stops scripts that are not the page's own


@pytest.mark.parametrize('width', [1300, 500])
def test_no_horizontal_scroll_bar_and_boxes_lie_on_their_images(opened, width):
    code = ("(() => { const [a, b] = ['svg', 'img'].map(tag => document.querySelector('.stage ' + tag)"
            ".getBoundingClientRect()); return [document.documentElement.scrollWidth <= innerWidth,"
            "Math.abs(a.width - b.width) < 1 && Math.abs(a.height - b.height) < 1 && a.width > 100,"
            "document.querySelectorAll('.stage rect').length]; })().join(' ')")
    document = opened('#cluster=77', width=width, change=probe(code))
    assert re.search('<title>(.*?)</title>', document)[1] == 'true true 72'
    assert list_of(document, 'cluster')[0] == 'cluster 77 is not among those shown'
