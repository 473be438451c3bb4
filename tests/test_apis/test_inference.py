"""Inferencers give what the hosts' own test loops give, as plain dicts."""
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DATASETS, MODELS, DefaultScope

from mmrice.apis.inference import decode_mask, make_inferencer
from mmrice.apis.inference.images import picture_names
from mmrice.apis.inference.records import encode_mask, segment_records
from mmrice.utils import UserError

SCOPES = ('mmpretrain', 'mmdet', 'mmseg')
CLASSES = ('light', 'dark')


@pytest.fixture(scope='module')
def untrained(tiny, tmp_path_factory):
    """``untrained(scope) -> (config, checkpoint, model)``, each made once; the weights are far from symmetric."""
    made = {}

    def get(scope):
        if scope not in made:
            pytest.importorskip(scope)
            path = tiny(scope)
            cfg = Config.fromfile(path)
            torch.manual_seed(1)
            with DefaultScope.overwrite_default_scope(scope):
                cfg.model.setdefault('data_preprocessor', cfg.get('data_preprocessor'))
                model = MODELS.build(cfg.model).eval()
            for name, weight in model.named_parameters():
                if 'head' in name and weight.ndim > 1:
                    torch.nn.init.normal_(weight, std=0.5)
            checkpoint = tmp_path_factory.mktemp(scope) / 'weights.pth'
            torch.save(dict(state_dict=model.state_dict(), meta=dict(dataset_meta=dict(classes=CLASSES))), checkpoint)
            made[scope] = path, checkpoint, model
        return made[scope]

    return get


def reference(scope, untrained, index=3):
    """(path of an image of the test set, the host's prediction by its dataset and ``test_step``)."""
    path, _, model = untrained(scope)
    with DefaultScope.overwrite_default_scope(scope), torch.no_grad():
        dataset = DATASETS.build(Config.fromfile(path).test_dataloader.dataset)
        data = pseudo_collate([dataset[index]])
        if scope == 'mmpretrain':
            data['inputs'] = torch.stack(data['inputs'])
        return dataset.get_data_info(index)['img_path'], model.test_step(data)[0]


def test_boxes_are_those_of_the_test_loop(untrained):
    path, expected = reference('mmdet', untrained)
    found = make_inferencer(*untrained('mmdet')[:2], 'cpu')(path, score_thr=0.)
    kept = expected.pred_instances
    assert len(kept) > 1
    np.testing.assert_allclose([one['box'] for one in found['instances']], kept.bboxes, atol=1e-3)
    np.testing.assert_allclose([one['score'] for one in found['instances']], kept.scores, atol=1e-6)
    assert [one['name'] for one in found['instances']] == [CLASSES[label] for label in kept.labels]
    middle = float(kept.scores.median())
    above = make_inferencer(*untrained('mmdet')[:2], 'cpu')(path, score_thr=middle)['instances']
    assert len(above) == int((kept.scores >= middle).sum()) < len(kept)


def test_masks_are_the_label_map_of_the_test_loop(untrained):
    path, expected = reference('mmseg', untrained)
    found = make_inferencer(*untrained('mmseg')[:2], 'cpu')(path)
    labels = expected.pred_sem_seg.data[0].numpy()
    assert [one['label'] for one in found['classes']] == np.unique(labels).tolist()
    for one in found['classes']:
        np.testing.assert_array_equal(decode_mask(one['mask']), labels == one['label'])
        assert one['area'] == (labels == one['label']).sum() and one['name'] == CLASSES[one['label']]


def test_classes_are_those_of_the_test_loop(untrained):
    path, expected = reference('mmpretrain', untrained)
    found = make_inferencer(*untrained('mmpretrain')[:2], 'cpu')(path)['classes']
    order = expected.pred_score.argsort(descending=True).tolist()
    assert [one['label'] for one in found] == order and found[0]['name'] == CLASSES[order[0]]
    np.testing.assert_allclose([one['score'] for one in found], expected.pred_score[order], atol=1e-5)


@pytest.mark.parametrize('scope', SCOPES)
def test_paths_arrays_lists_and_folders_give_the_same_and_pictures_are_written(scope, untrained, tmp_path):
    path, _ = reference(scope, untrained, index=0)
    image = cv2.imread(path)
    (tmp_path / 'in').mkdir()
    cv2.imwrite(str(tmp_path / 'in' / 'one.png'), image)
    inferencer = make_inferencer(*untrained(scope)[:2], 'cpu')
    results = [inferencer(str(tmp_path / 'in' / 'one.png'), score_thr=0.1), inferencer(image[..., ::-1], score_thr=0.1),
               inferencer([tmp_path / 'in' / 'one.png', image[..., ::-1]], score_thr=0.1)[1],
               inferencer(tmp_path / 'in', tmp_path / 'out', score_thr=0.1)[0]]
    bare = [{key: value for key, value in one.items() if key not in ('image', 'picture')} for one in results]
    assert bare[0] == bare[1] == bare[2] == bare[3] and (bare[0]['height'], bare[0]['width']) == image.shape[:2]
    written = json.loads((tmp_path / 'out' / 'predictions.json').read_text())
    assert written == dict(images=[results[3]], skipped=[])
    assert cv2.imread(str(tmp_path / 'out' / results[3]['picture'])) is not None


def test_a_checkpoint_that_does_not_cover_the_model_is_an_error(untrained, tmp_path):
    config, checkpoint, model = untrained('mmseg')
    weights = dict(model.state_dict())
    weights.pop('decode_head.conv_seg.bias')
    torch.save(dict(state_dict=weights), tmp_path / 'less.pth')
    with pytest.raises(UserError, match='missing: decode_head.conv_seg.bias'):
        make_inferencer(config, tmp_path / 'less.pth', 'cpu')
    with pytest.raises(UserError, match='none.pth: no such checkpoint'):
        make_inferencer(config, tmp_path / 'none.pth', 'cpu')
    torch.save(dict(state_dict=model.state_dict(), code=Path()), tmp_path / 'code.pth')
    with pytest.raises(UserError, match='holds an object of type pathlib'):
        make_inferencer(config, tmp_path / 'code.pth', 'cpu')
    from mmrice.apis import DetectionInferencer
    with pytest.raises(UserError, match="default_scope is 'mmseg', but DetectionInferencer is for configs of mmdet"):
        DetectionInferencer(config, checkpoint)


def test_names_come_from_the_config_where_the_checkpoint_has_none(untrained, tmp_path):
    config, _, model = untrained('mmseg')
    torch.save(model.state_dict(), tmp_path / 'bare.pth')
    cfg = Config.fromfile(config)
    cfg.test_dataloader.dataset = dict(type='ConcatDataset', datasets=[cfg.test_dataloader.dataset])
    inferencer = make_inferencer(cfg, tmp_path / 'bare.pth', 'cpu')
    assert {one['name'] for one in inferencer(np.zeros((40, 40, 3), np.uint8))['classes']} <= set(CLASSES)


def test_the_default_scope_of_the_process_is_left_alone(untrained):
    before = DefaultScope.get_current_instance()
    make_inferencer(*untrained('mmdet')[:2], 'cpu')(np.zeros((40, 40, 3), np.uint8))
    after = DefaultScope.get_current_instance()
    assert (before and before.scope_name) == (after and after.scope_name)


def test_segments_of_a_panoptic_map_keep_instances_apart_and_leave_void_out():
    ids = np.array([[0, 1000, 3], [2, 2, 3]])  # two instances of class 0, class 2 as stuff, void 3
    records = segment_records(ids, 1000, 2, 3, ('cat', 'dog', 'sky'))
    assert [(one['name'], one['is_thing'], one['area']) for one in records] == [
        ('cat', True, 1), ('sky', False, 2), ('cat', True, 1)]
    np.testing.assert_array_equal(decode_mask(records[1]['mask']), ids == 2)


def test_instances_with_masks_and_segments_of_one_sample_are_both_recorded():
    pytest.importorskip('mmdet')
    from mmdet.structures import DetDataSample
    from mmengine.structures import InstanceData, PixelData

    from mmrice.apis import DetectionInferencer, PanopticInferencer
    assert PanopticInferencer is DetectionInferencer
    masks = torch.zeros(3, 6, 8, dtype=torch.bool)
    masks[0, 1:4, 2:7] = masks[2, 5, 5] = True
    found = InstanceData(bboxes=torch.zeros(3, 4), scores=torch.tensor([0.9, 0.1, 0.5]), labels=torch.tensor([1, 0, 0]),
                         masks=masks)
    sample = DetDataSample(pred_instances=found, pred_panoptic_seg=PixelData(sem_seg=masks[:1].long() * 2000))
    inferencer = DetectionInferencer.__new__(DetectionInferencer)
    head = SimpleNamespace(num_things_classes=1, num_classes=2)
    inferencer.host = SimpleNamespace(model=SimpleNamespace(dataset_meta=dict(classes=CLASSES),
                                                            panoptic_fusion_head=head))
    record = json.loads(json.dumps(inferencer.record(sample, 0.5)))
    boxes = [(one['name'], one['box']) for one in record['instances']]
    assert boxes == [('dark', [2, 1, 7, 4]), ('light', [5, 5, 6, 6])]
    np.testing.assert_array_equal(decode_mask(record['instances'][0]['mask']), masks[0])
    assert [(one['name'], one['area']) for one in record['segments']] == [('light', 33), ('light', 15)]


def test_a_mask_survives_json():
    mask = np.random.default_rng(0).random((7, 11)) > 0.5
    np.testing.assert_array_equal(decode_mask(json.loads(json.dumps(encode_mask(mask)))), mask)


def test_pictures_of_equal_names_do_not_overwrite_each_other():
    names = picture_names([Path('in/a/x.jpg'), Path('in/x.jpg'), Path('in/x.png'), np.zeros(3), Path('in/x.jpg')], 'in')
    assert names == ['a/x', 'x', 'x.png', '000003', 'x.jpg'] and len(set(names)) == 5


def test_importing_the_apis_imports_no_host():
    code = ("import sys, mmrice.apis.inference as i; from mmrice.apis import RegionFeatureExtractor, make_inferencer;"
            "print([m for m in ('mmdet', 'mmseg', 'mmpretrain') if m in sys.modules])")
    assert subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True).stdout == '[]\n'
