"""tools/analysis_tools/cluster_report.py compares the clusters of a build with annotated boxes."""
import json

import cv2
import numpy as np
import pytest

from mmrice.data_engine.build import Build
from mmrice.data_engine.executors import LocalExecutor

COLOURS = {'red': (200, 30, 30), 'green': (30, 200, 30), 'blue': (30, 30, 200)}


@pytest.fixture(scope='module')
def build_dir(tmp_path_factory):
    """Twelve images with two squares of different colours each; the build has their boxes, the json their colours."""
    root, rng, names = tmp_path_factory.mktemp('report'), np.random.default_rng(0), list(COLOURS)
    coco = {'images': [], 'annotations': [], 'categories': [{'id': 7, 'name': 'red'}, {'id': 8, 'name': 'green'},
                                                            {'id': 9, 'name': 'blue'}]}
    (root / 'photos').mkdir()
    for number in range(12):
        image = rng.integers(90, 110, (96, 128, 3)).astype(np.uint8)
        for place, kind in enumerate((number % 3, (number + 1) % 3)):
            x, y, side = 8 + 60 * place, int(rng.integers(5, 40)), int(rng.integers(30, 50))
            image[y:y + side, x:x + side] = COLOURS[names[kind]]
            coco['annotations'].append({'id': len(coco['annotations']), 'image_id': number, 'category_id': 7 + kind,
                                        'bbox': [x, y, side, side]})
        cv2.imwrite(str(root / 'photos' / f'{number:02d}.png'), image[..., ::-1])
        coco['images'].append({'id': number, 'file_name': f'{number:02d}.png', 'width': 128, 'height': 96})
    (root / 'truth.json').write_text(json.dumps(coco))
    engine = {
        'ingest': {'type': 'mmrice.ImageFolders', 'sources': {'photos': str(root / 'photos')}, 'images_per_shard': 5,
                   'min_edge': 48, 'max_edge': 64},  # stored at half the size
        'propose': {'type': 'mmrice.AnnotationProposer', 'ann_files': {'photos': str(root / 'truth.json')},
                    'min_edge': 8},
        'embed': {'type': 'mmrice.HandcraftedEncoder', 'size': 32, 'cell': 8},
        'cluster': {'type': 'mmrice.FaissKMeans', 'num_clusters': 3, 'redo': 5}, 'label': {'top_k': 1}}
    Build(engine, root / 'out', LocalExecutor(0)).run()
    return root / 'out'


def test_clusters_of_colours_agree_with_colours_and_chance_and_whole_images_do_not(analyse, build_dir):
    truth = build_dir.parent / 'truth.json'
    status, result, lines, _ = analyse('cluster_report.py', build_dir, '--ann-file', f'photos={truth}')
    ratios = result['ratios']
    assert status == 0 and '24 of 24 regions of annotated images overlap a box' in lines[0]
    assert '24 of 24 boxes are overlapped' in lines[0] and lines[-1].startswith('results: ')
    assert ratios['purity_clusters'] == ratios['nmi_clusters'] == ratios['nn_purity_clusters'] == 100
    assert ratios['purity_shuffled'] < 75 and ratios['purity_whole_images'] <= 50.1
    assert ratios['nn_purity_shuffled'] == pytest.approx(100 * (3 / 9 * 24 - 1) / 23, abs=0.1)
    assert {(row['class'], row['regions']) for row in result['rows'] if 'class' in row} == {
        (name, 8) for name in COLOURS}


def test_regions_beside_the_boxes_are_left_out(analyse, build_dir):
    truth = json.loads((build_dir.parent / 'truth.json').read_text())
    for annotation in truth['annotations'][:10]:
        annotation['bbox'][0] += 1000
    truth['annotations'][10]['iscrowd'] = 1
    moved = build_dir.parent / 'moved.json'
    moved.write_text(json.dumps(truth))
    status, result, lines, _ = analyse('cluster_report.py', build_dir, '--ann-file', f'photos={moved}',
                                       '--no-whole-images')
    assert status == 0 and '13 of 24 regions' in lines[0] and '13 of 23 boxes' in lines[0]
    assert 'purity_whole_images' not in result['ratios'] and result['ratios']['purity_clusters'] == 100


@pytest.mark.parametrize('arguments, message', [
    (['--ann-file', 'truth.json'], "--ann-file: expected NAME=JSON, found 'truth.json'"),
    (['--ann-file', 'photos={truth}', '--ann-file', 'scenes={truth}'], "none of the images of source 'scenes'"),
    (['--ann-file', 'photos={truth}', '--min-iou', '2'], '--min-iou: expected a number in'),
    (['--ann-file', 'photos=/no/such.json'], 'such.json: no such')])
def test_a_wrong_argument_is_one_line(analyse, build_dir, arguments, message):
    truth = str(build_dir.parent / 'truth.json')
    status, _, _, errors = analyse('cluster_report.py', build_dir, *(one.format(truth=truth) for one in arguments))
    assert status == 1 and message in errors[-1] and len(errors) == 1


def test_a_category_that_is_missing_is_named(analyse, build_dir):
    truth = json.loads((build_dir.parent / 'truth.json').read_text())
    truth['categories'].pop()
    broken = build_dir.parent / 'broken.json'
    broken.write_text(json.dumps(truth))
    status, _, _, errors = analyse('cluster_report.py', build_dir, '--ann-file', f'photos={broken}')
    assert status == 1 and 'broken.json: a category, image or bbox is missing or wrong (9)' in errors[-1]
