import json

import numpy as np
import pytest

hf = pytest.importorskip('transformers')

import torch  # noqa: E402
from PIL import Image  # noqa: E402
from tiny_sam import EDGE, WRITE, draw, draw_squares, extent, write_sam  # noqa: E402

from mmrice.data_engine.proposers import SAMProposer  # noqa: E402
from mmrice.utils import UserError  # noqa: E402

ALL = {'min_edge': 1, 'max_aspect': 99, 'max_area': 1, 'nms_iou': 1, 'stability_score_thresh': 0}


@pytest.fixture(scope='module')
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp('models')
    return {kind: write(folder / kind) for kind, write in WRITE.items()}


@pytest.mark.parametrize('kind, shape', [('sam', (96, 96)), ('sam', (60, 100)), ('sam2', (96, 96))])
def test_boxes_are_those_of_the_pipeline_where_that_one_is_right(models, kind, shape):
    image = draw(*shape)
    options = {'points_per_batch': 8, 'pred_iou_thresh': 0.3, 'stability_score_thresh': 0.3,
               'stability_score_offset': 0.1}
    proposer = SAMProposer(models[kind], points_per_side=4, **options)
    found = proposer.candidates(image, {})
    expected = hf.pipeline('mask-generation', model=models[kind], image_processor=proposer.sam.processor)(
        Image.fromarray(image), points_per_crop=4, crops_nms_thresh=1, output_bboxes_mask=True, **options)
    boxes = expected['bounding_boxes'].numpy() + [0, 0, 1, 1]  # its right and bottom are the last pixel
    order, theirs = np.argsort(-found.scores, kind='stable'), np.argsort(-expected['scores'].numpy(), kind='stable')
    assert len(found.boxes) > 5
    np.testing.assert_array_equal(found.boxes[order], boxes[theirs])
    np.testing.assert_allclose(found.scores[order], expected['scores'].numpy()[theirs], rtol=1e-5)


@pytest.mark.parametrize('shape', [(100, 60), (48, 80)])
@pytest.mark.parametrize('kind', ['sam', 'sam2'])
def test_squares_around_the_points_become_their_boxes_in_the_image(models, kind, shape):
    height, width = shape
    proposer = draw_squares(SAMProposer(models[kind], points_per_side=2, **ALL))
    found = proposer(draw(*shape), {})
    # SAM keeps the aspect, SAM2 stretches the image.
    scale_y, scale_x = (height / EDGE, width / EDGE) if kind == 'sam2' else [max(shape) / EDGE] * 2
    expected = []
    for y in (0.25, 0.75):
        for x in (0.25, 0.75):
            (x1, x2), (y1, y2) = extent(x * width, 12 * scale_x, width), extent(y * height, 12 * scale_y, height)
            expected.append([x1, y1, x2, y2])
    assert found.scores.tolist() == pytest.approx([0.95] * 4)
    np.testing.assert_allclose(found.boxes, expected, atol=1)


def test_masks_of_a_low_predicted_iou_and_unstable_ones_give_no_boxes(models):
    image = draw(EDGE, EDGE)
    confident = draw_squares(SAMProposer(models['sam'], points_per_side=2, pred_iou_thresh=0.9, **ALL),
                             iou=lambda points: 0.85 + 0.1 * (points[:, 0] > 32))
    assert (confident(image, {}).boxes[:, 0] > 30).tolist() == [True, True]
    # Squares of half edge 6 and 12 +- 1 px are 0.51 and 0.72 stable.
    stable = draw_squares(SAMProposer(models['sam'], points_per_side=2, **{**ALL, 'stability_score_thresh': 0.65}),
                          halves=(6.0, 12.0))
    boxes = stable(image, {}).boxes
    assert len(boxes) == 4 and ((boxes[:, 2:] - boxes[:, :2]) > 20).all()


def test_the_filters_of_all_proposers_apply(models):
    proposer = draw_squares(SAMProposer(models['sam'], points_per_side=4, min_edge=20, nms_iou=0.2, max_regions=3,
                                        stability_score_thresh=0), halves=(6.0, 12.0))
    boxes = proposer(draw(EDGE, EDGE), {}).boxes
    assert len(boxes) == 3 and ((boxes[:, 2:] - boxes[:, :2]) >= 20).all()


@pytest.mark.parametrize('layers, encoded', [(0, 1), (1, 5)])
def test_the_image_is_encoded_once_and_each_crop_once(models, layers, encoded):
    proposer = SAMProposer(models['sam'], points_per_side=4, points_per_batch=3, crops_n_layers=layers)
    proposer.sam.load()
    calls = []
    proposer.sam.network.vision_encoder.register_forward_hook(lambda *_: calls.append(1))
    proposer(draw(60, 80), {})
    assert len(calls) == encoded


def test_boxes_of_crops_are_placed_in_the_image_and_cut_off_ones_are_dropped(models):
    image = draw(200, 200)
    proposer = draw_squares(SAMProposer(models['sam'], points_per_side=1, crops_n_layers=1, **ALL))
    boxes = proposer(image, {}).boxes
    # Crops of 134 px with an overlap of 68 px begin at 0 and 66; 12 px of 64 are 25.1 px of a crop.
    starts = [(0, 0), (0, 66), (66, 0), (66, 66)]
    expected = [[62, 62, 138, 138], *([x + 42, y + 42, x + 92, y + 92] for x, y in starts)]
    np.testing.assert_allclose(boxes, expected, atol=1)
    # Squares of 28 px of 64 reach to 9 px from the edges of a crop; only the image's own remains.
    proposer = draw_squares(SAMProposer(models['sam'], points_per_side=1, crops_n_layers=1, **ALL), halves=(28.0,))
    np.testing.assert_allclose(proposer(image, {}).boxes, [[12.5, 12.5, 187.5, 187.5]], atol=1)


def test_a_large_image_is_made_smaller_first_and_boxes_are_scaled_back(models):
    image = draw(400, 600)
    sizes = []
    proposer = draw_squares(SAMProposer(models['sam'], points_per_side=2, max_edge=120, **ALL))
    encode = proposer.encode
    proposer.encode = lambda part: (sizes.append(part.shape), encode(part))[1]
    boxes = proposer(image, {}).boxes
    assert sizes == [(80, 120, 3)]
    x1, x2 = extent(150, 112.5, 600)
    assert abs(boxes[0, 0] - x1) <= 5 and abs(boxes[0, 2] - x2) <= 5  # one pixel of the small image


def test_proposals_repeat_exactly_and_do_not_depend_on_the_batch_of_points(models):
    image, options = draw(70, 90), {**ALL, 'points_per_side': 4, 'pred_iou_thresh': -9}
    first, second = (SAMProposer(models['sam2'], points_per_batch=16, **options)(image, {}) for _ in range(2))
    np.testing.assert_array_equal(first.boxes, second.boxes)
    np.testing.assert_array_equal(first.scores, second.scores)
    third = SAMProposer(models['sam2'], points_per_batch=5, **options)(image, {})
    assert len(first.boxes) == len(third.boxes) > 10
    np.testing.assert_allclose(first.scores, third.scores, rtol=1e-4)


def test_half_precision_finds_nearly_the_same_boxes(models):
    image, options = draw(EDGE, EDGE), {**ALL, 'points_per_side': 2, 'pred_iou_thresh': -9}
    full = SAMProposer(models['sam'], **options).candidates(image, {})
    half = SAMProposer(models['sam'], dtype='bfloat16', **options).candidates(image, {})
    assert len(full.boxes) == len(half.boxes) and half.scores.dtype == np.float32
    assert (half.scores != full.scores).all()
    np.testing.assert_allclose(half.scores, full.scores, atol=0.3)
    assert np.median(np.abs(half.boxes - full.boxes)) <= 2


def test_a_video_model_of_sam2_is_taken_as_sam2(models, tmp_path):
    from shutil import copytree
    folder = copytree(models['sam2'], tmp_path / 'video')
    config = folder / 'config.json'
    config.write_text(config.read_text().replace('"model_type": "sam2"', '"model_type": "sam2_video"'))
    options = {**ALL, 'points_per_side': 2, 'pred_iou_thresh': -9}
    boxes = SAMProposer(str(folder), **options)(draw(70, 90), {}).boxes
    np.testing.assert_array_equal(boxes, SAMProposer(models['sam2'], **options)(draw(70, 90), {}).boxes)


def test_other_weights_change_the_fingerprint(models, tmp_path):
    before = SAMProposer(write_sam(tmp_path / 'a')).fingerprint()
    assert before == SAMProposer(models['sam']).fingerprint()
    assert before != SAMProposer(write_sam(tmp_path / 'a', seed=2)).fingerprint()


def test_a_folder_that_is_no_sam_is_named_with_what_it_holds(models, tmp_path):
    def message(folder):
        with pytest.raises(UserError) as error:
            SAMProposer(str(folder)).fingerprint()
        return str(error.value)

    assert 'none: no such folder' in message(tmp_path / 'none')
    (tmp_path / 'notes.txt').write_text('')
    assert 'config.json: no such file' in message(tmp_path) and 'It holds notes.txt.' in message(tmp_path)
    (tmp_path / 'config.json').write_text('{"model_type": "vit"}')
    assert "config.json: model_type is 'vit', expected sam, sam2, sam2_video" in message(tmp_path)
    (tmp_path / 'config.json').write_text('{"hidden_size": 3')
    assert 'no model_type in it' in message(tmp_path)
    (tmp_path / 'config.json').write_text('{"model_type": "sam"}')
    assert 'the weights are missing' in message(tmp_path)


@pytest.mark.parametrize('spoil, message', [
    (lambda folder: (folder / 'model.safetensors').write_bytes(b'{"'), 'cannot be read as SamModel'),
    (lambda folder: (folder / 'preprocessor_config.json').unlink(), 'cannot be read as SamModel'),
    (lambda folder: _drop_weights(folder / 'model.safetensors'), 'weights of SamModel are not in it, first')])
def test_a_spoilt_sam_is_refused_when_it_is_loaded(tmp_path, spoil, message):
    write_sam(tmp_path)
    spoil(tmp_path)
    with pytest.raises(UserError, match=message):
        SAMProposer(str(tmp_path))(draw(EDGE, EDGE), {})


def _drop_weights(path):
    from safetensors.torch import load_file, save_file
    save_file({name: value for name, value in load_file(path).items() if 'iou_prediction_head' not in name}, path,
              {'format': 'pt'})


@pytest.mark.parametrize('arguments, message', [
    ({'dtype': 'int8'}, "dtype is 'int8', expected one of float32"),
    ({'dtype': 'float16'}, "dtype is 'float16', which is for GPUs"), ({'points_per_side': 0}, 'points_per_side is 0'),
    ({'points_per_batch': 1.5}, 'points_per_batch is 1.5, expected a whole'), ({'max_edge': 1}, 'max_edge is 1')])
def test_wrong_settings_are_refused_at_once(models, arguments, message):
    with pytest.raises(UserError, match=message):
        SAMProposer(models['sam'], **arguments)


def test_a_missing_gpu_and_a_wrong_device_are_said(models, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    with pytest.raises(UserError, match="engine.propose.device is 'cuda', but torch sees 0 GPUs here"):
        SAMProposer(models['sam'], device='cuda')(draw(EDGE, EDGE), {})
    with pytest.raises(UserError, match="engine.propose.device is 'gpu', expected 'cpu'"):
        SAMProposer(models['sam'], device='gpu')(draw(EDGE, EDGE), {})


def test_the_settings_of_the_image_processor_count(models, tmp_path):
    write_sam(tmp_path)
    path = tmp_path / 'preprocessor_config.json'
    path.write_text(json.dumps({**json.loads(path.read_text()), 'image_mean': [0, 0, 0], 'image_std': [1, 1, 1]}))
    options = {**ALL, 'points_per_side': 2, 'pred_iou_thresh': -9}
    changed = SAMProposer(str(tmp_path), **options)(draw(EDGE, EDGE), {})
    assert changed.scores.tolist() != SAMProposer(models['sam'], **options)(draw(EDGE, EDGE), {}).scores.tolist()


def test_threads_are_those_of_the_config_while_the_model_runs_and_no_longer(models):
    proposer = draw_squares(SAMProposer(models['sam'], points_per_side=2, num_threads=3))
    encode, seen, before = proposer.encode, [], torch.get_num_threads()
    proposer.encode = lambda image: (seen.append(torch.get_num_threads()), encode(image))[1]
    proposer(draw(EDGE, EDGE), {})
    assert seen == [3] and torch.get_num_threads() == before
