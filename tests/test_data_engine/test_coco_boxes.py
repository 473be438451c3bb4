import json
import os
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mmrice.data_engine.build import Build
from mmrice.data_engine.coco_boxes import BoxIndex, same_shape
from mmrice.data_engine.executors import LocalExecutor
from mmrice.datasets.shard_format import read_regions
from mmrice.utils import UserError

IMAGES = [{'id': 5, 'file_name': 'images/v1/patch0/1.jpg', 'width': 64, 'height': 48},
          {'id': '6', 'file_name': './images/v1/patch1/1.jpg'}, {'id': 7, 'file_name': '2.jpg'}]
ANNOTATIONS = [{'id': 'a', 'image_id': '5', 'bbox': [1, 2, 3, 4], 'iscrowd': 0},
               {'id': 9, 'image_id': 6, 'bbox': [5.5, 6, 7, 8], 'category_id': 1, 'isfake': 0},
               {'id': 10, 'image_id': 5, 'bbox': [0, 0, 20, 20], 'iscrowd': 1},
               {'image_id': 5, 'bbox': [9, 9, 1, 1]}]


def write(path, images=IMAGES, annotations=ANNOTATIONS):
    path.write_text(json.dumps({'info': {'year': 1}, 'annotations': annotations, 'images': images, 'categories': [{}]}))
    return str(path)


@pytest.fixture(params=['in memory', 'in a folder'])
def index(tmp_path, request):
    return BoxIndex(write(tmp_path / 'c.json'), tmp_path if request.param == 'in a folder' else None)


def test_boxes_are_found_by_the_name_of_the_file_with_ids_as_numbers_or_strings_and_without_crowds(index):
    assert index.find('images/v1/patch0/1.jpg')[:2] == ((64, 48), [('a', [1, 2, 4, 6]), (3, [9, 9, 10, 10])])
    assert index.find('images/v1/patch1/1.jpg')[:2] == (None, [(9, [5.5, 6, 12.5, 14])])
    assert index.find('2.jpg') == (None, [], [])


def test_a_source_may_begin_deeper_than_the_names_of_the_json(index):
    assert index.find('patch1/1.jpg').boxes == index.find('./v1/patch1/1.jpg').boxes == [(9, [5.5, 6, 12.5, 14])]
    assert index.find('atch1/1.jpg').boxes == index.find('other/2.jpg').boxes == index.find('3.jpg').boxes == []
    with pytest.raises(UserError, match='both images/v1/patch0/1.jpg and images/v1/patch1/1.jpg end with 1.jpg'):
        index.find('1.jpg')


def test_the_index_is_made_once_for_all_workers_and_anew_for_another_json(tmp_path, monkeypatch):
    path, reads = write(tmp_path / 'c.json'), []
    fill = BoxIndex._fill
    monkeypatch.setattr(BoxIndex, '_fill', lambda *arguments: (reads.append(1), fill(*arguments)))
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: BoxIndex(path, tmp_path).find('patch1/1.jpg'), range(8)))
    assert len(reads) == 1 and all(one.boxes == [(9, [5.5, 6, 12.5, 14])] for one in found)
    write(tmp_path / 'c.json', annotations=ANNOTATIONS[:1])
    os.utime(path, (1, 1))
    assert BoxIndex(path, tmp_path).find('patch1/1.jpg').boxes == [] and len(reads) == 2
    assert len(list(tmp_path.glob('*.sqlite'))) == 1


def test_a_json_that_cannot_be_read_leaves_no_index(tmp_path):
    path = write(tmp_path / 'c.json', annotations=[*ANNOTATIONS, {'image_id': 99, 'bbox': [0, 0, 1, 1]}])
    with pytest.raises(UserError, match="c.json: annotation 4 is of image '99', which is not in its images"):
        BoxIndex(path, tmp_path)
    assert not list(tmp_path.glob('*.sqlite')) and not list(tmp_path.glob('.tmp-*'))


@pytest.mark.parametrize('images, annotations, message', [
    (IMAGES, [{'image_id': 5, 'bbox': [1, 2, 3]}], 'bbox of annotation 0 has 3 numbers, expected x, y, width, height'),
    (IMAGES, [{'id': 8, 'image_id': 5, 'bbox': [1, 2, 3, 'x']}], "bbox of annotation 8 is 'x', expected a number"),
    (IMAGES, [{'image_id': 5, 'bbox': [1, 2, 3, 4], 'iscrowd': 'no'}], "iscrowd of annotation 0 is 'no', expected"),
    ([{'id': 5, 'file_name': 'a', 'width': [3]}], [], r'width of image 5 is \[3\], expected a number'),
    ([{'id': 5}], [], "has no 'file_name'"), (IMAGES, [{'image_id': 5}], "has no 'bbox'")])
def test_what_is_wrong_in_a_json_is_named(tmp_path, images, annotations, message):
    with pytest.raises(UserError, match='c.json: ' + '.*' + message):
        BoxIndex(write(tmp_path / 'c.json', images, annotations))


@pytest.mark.parametrize('size, stated, same', [
    ((640, 480), (640, 480), True), ((320, 240), (640, 480), True), ((333, 250), (1000, 750), True),
    ((480, 640), (640, 480), False), ((640, 470), (640, 480), False), ((100, 100), (100, 100), True)])
def test_a_resized_image_has_the_shape_that_was_stated_to_one_pixel(size, stated, same):
    assert same_shape(size, stated) is same


def test_reading_a_json_takes_little_memory_whatever_its_size(tmp_path):
    annotations = ({'id': i, 'image_id': 5, 'bbox': [1, 2, 3, 4], 'segmentation': 'x' * 8000} for i in range(3000))
    path = write(tmp_path / 'c.json', annotations=list(annotations))
    tracemalloc.start()
    boxes = BoxIndex(path, tmp_path).find('patch0/1.jpg').boxes
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(boxes) == 3000 and peak < 8e6 < 20e6 < os.path.getsize(path)


def test_a_coco_json_serves_ingest_and_propose(engine, photo_folder, tmp_path):
    os.renames(photo_folder / '03.jpg', photo_folder / 'deep' / '03.jpg')
    names = ('00.jpg', 'deep/03.jpg')
    images = [{'id': i, 'file_name': name, 'width': 128, 'height': 128} for i, name in enumerate(names)]
    annotations = [{'image_id': 1, 'bbox': [10, 20, 30, 40]}, {'image_id': 0, 'bbox': [64, 0, 64, 64]},
                   {'image_id': 0, 'bbox': [0, 0, 60, 60]}, {'image_id': 0, 'bbox': [5, 5, 0, 9]}]
    path = write(tmp_path / 'c.json', images, annotations)
    engine['ingest'] = {'type': 'mmrice.CocoImages', 'sources': {'x': {'ann_file': path, 'root': str(photo_folder)}},
                        'min_edge': 64}
    engine['propose'] = {'type': 'mmrice.AnnotationProposer', 'ann_files': {'x': path}, 'min_edge': 20}
    engine['cluster']['num_clusters'] = 2
    Build(engine, tmp_path / 'out', LocalExecutor(0)).run()
    boxes = [image['boxes'].tolist() for image in read_regions(tmp_path / 'out' / '000000.regions.parquet').values()]
    assert boxes == [[[64, 0, 128, 64], [0, 0, 60, 60]], [[10, 20, 40, 60]]]
    with np.load(tmp_path / 'out' / '.work' / '000000.propose.npz') as proposals:
        assert proposals['counts'].tolist() == [2, 1]
    assert len(list((tmp_path / 'out' / '.work').glob('boxes-*.sqlite'))) == 1
