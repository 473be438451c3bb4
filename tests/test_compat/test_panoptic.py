import numpy as np
import pytest
from PIL import Image
from test_stand_in import python

from mmrice.compat.panoptic import PQStat, id2rgb, rgb2id

CATEGORIES = {7: dict(isthing=1), 8: dict(isthing=0), 9: dict(isthing=1)}


def test_ids_are_colours_and_back():
    ids = np.array([[0, 255, 256], [65535, 65536, 256**3 - 1]])
    colours = id2rgb(ids)
    assert colours.dtype == np.uint8 and colours[1, 1].tolist() == [0, 0, 1] == id2rgb(65536)
    assert rgb2id(colours).tolist() == ids.tolist() and rgb2id([1, 2, 3]) == 1 + 512 + 3 * 65536


def test_a_panopticapi_that_is_installed_is_used(tmp_path):
    package = tmp_path / 'panopticapi'
    package.mkdir()
    (package / '__init__.py').write_text('theirs = True')
    code = 'import mmrice, panopticapi; print(hasattr(panopticapi, "theirs"))'
    assert python(code, tmp_path).strip() == 'True'
    assert python(code).strip() == 'False'


def naive_quality(truth, truth_classes, found, found_classes, category):
    """PQ of one class by looking at every pair of segments."""
    ious, matched_truth, matched_found = [], set(), set()
    for a in (s for s, c in truth_classes.items() if c == category):
        for b in (s for s, c in found_classes.items() if c == category):
            ours, theirs = truth == a, (found == b) & (truth != 0)
            iou = (ours & theirs).sum() / (ours | theirs).sum()
            if iou > 0.5:
                ious.append(iou)
                matched_truth.add(a)
                matched_found.add(b)
    missed = sum(c == category for c in truth_classes.values()) - len(matched_truth)
    wrong = sum(c == category and ((found == s) & (truth == 0)).sum() <= 0.5 * (found == s).sum()
                for s, c in found_classes.items() if s not in matched_found)
    return sum(ious) / (len(ious) + 0.5 * missed + 0.5 * wrong)


@pytest.fixture
def maps():
    """Truth with a void corner and four segments; predictions of them, one shifted, one of another class."""
    truth = np.zeros((40, 40), np.int64)
    truth[:20, :20], truth[:20, 20:], truth[20:, :20], truth[25:, 25:] = 300, 70000, 3, 4
    found = np.zeros_like(truth)
    found[:20, :17], found[:20, 17:], found[20:, :20], found[30:, 22:] = 1, 2, 300, 5
    return truth, {300: 7, 70000: 7, 3: 8, 4: 9}, found, {1: 7, 2: 7, 300: 8, 5: 7}


def test_mmdet_finds_the_panoptic_quality_of_a_naive_count(maps, tmp_path):
    functional = pytest.importorskip('mmdet.evaluation.functional.panoptic_utils')
    truth, truth_classes, found, found_classes = maps
    for name, ids in (('truth', truth), ('found', found)):
        (tmp_path / name).mkdir()
        Image.fromarray(id2rgb(ids)).save(tmp_path / name / '1.png')

    def annotation(ids, classes):
        return dict(image_id=1, file_name='1.png', segments_info=[
            dict(id=s, category_id=c, iscrowd=0, area=int((ids == s).sum())) for s, c in classes.items()])
    pair = (annotation(truth, truth_classes), annotation(found, found_classes))
    stat = functional.pq_compute_single_core(0, [pair], str(tmp_path / 'truth'), str(tmp_path / 'found'), CATEGORIES)
    mean, each = stat.pq_average(CATEGORIES, isthing=None)
    for category in CATEGORIES:
        assert each[category]['pq'] == pytest.approx(naive_quality(*maps, category))
        assert each[category]['pq'] == pytest.approx(each[category]['sq'] * each[category]['rq'])
    assert 0 < each[7]['pq'] < each[8]['pq'] == 1 and each[9]['pq'] == 0
    assert mean['pq'] == pytest.approx(sum(each[c]['pq'] for c in CATEGORIES) / 3) and mean['n'] == 3
    assert stat.pq_average(CATEGORIES, isthing=False)[0] == dict(pq=1, sq=1, rq=1, n=1)


def test_counts_of_two_processes_add_up():
    one, two = PQStat(), PQStat()
    one[7].tp += 1
    one[7].iou += 0.8
    two[7].fn += 2
    two[8].fp += 1
    one += two
    mean, each = one.pq_average(CATEGORIES, isthing=None)
    assert each[7] == dict(pq=pytest.approx(0.4), sq=0.8, rq=0.5) and mean['n'] == 2
    assert PQStat().pq_average(CATEGORIES, isthing=True)[0] == dict(pq=0, sq=0, rq=0, n=0)
