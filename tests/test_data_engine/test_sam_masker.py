import numpy as np
import pytest

hf = pytest.importorskip('transformers')

import torch  # noqa: E402
from tiny_sam import WRITE, draw  # noqa: E402

from mmrice.data_engine.maskers import SAMMasker  # noqa: E402
from mmrice.utils import UserError  # noqa: E402

SHAPE = (60, 100)
BOXES = np.array([[8, 6, 60, 44], [30.5, 10, 95, 58.2], [2, 3, 20, 20]], np.float32)


@pytest.fixture(scope='module')
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp('models')
    return {kind: write(folder / kind, seed=4) for kind, write in WRITE.items()}  # half of each box is inside


def theirs(kind, model, image):
    """Whole masks and scores of the boxes, as the processor of transformers places and enlarges them."""
    cls = {'sam': (hf.SamModel, hf.SamProcessor), 'sam2': (hf.Sam2Model, hf.Sam2Processor)}[kind]
    network = cls[0].from_pretrained(model).eval()
    images = hf.AutoImageProcessor.from_pretrained(model, use_fast=kind != 'sam')
    processor = cls[1](images)
    inputs = processor(images=image, input_boxes=[BOXES.tolist()], return_tensors='pt')
    with torch.no_grad():
        found = network(**{name: inputs[name] for name in ('pixel_values', 'input_boxes')}, multimask_output=False)
    sizes = [inputs['original_sizes']] + ([inputs['reshaped_input_sizes']] if kind == 'sam' else [])
    return images.post_process_masks(found.pred_masks, *sizes)[0][:, 0].numpy(), found.iou_scores[0, :, 0].numpy()


@pytest.mark.parametrize('kind', ['sam', 'sam2'])
def test_masks_are_those_of_transformers_inside_the_boxes_and_empty_outside(models, kind):
    image = draw(*SHAPE)
    whole, scores = theirs(kind, models[kind], image)
    found = SAMMasker(models[kind], min_score=-9, boxes_per_batch=2)(image, {}, BOXES)
    assert not np.array_equal(whole[0], whole[1]) and 0.2 < whole.mean() < 0.8
    for mask, expected, (x1, y1, x2, y2) in zip(found, whole, BOXES):
        inside = np.zeros(SHAPE, bool)
        inside[int(y1):int(np.ceil(y2)), int(x1):int(np.ceil(x2))] = True
        assert mask.shape == SHAPE and mask.dtype == bool and not mask[~inside].any()
        # On edges the order of two interpolations may tell.
        assert mask.any() and (mask != expected)[inside].mean() < 0.01
    between = float(np.sort(scores)[:2].mean())
    kept = SAMMasker(models[kind], min_score=between)(image, {}, BOXES)
    assert [mask is not None for mask in kept] == (scores >= between).tolist()


def test_masks_have_the_size_of_the_image_however_small_the_model_sees_it(models):
    small = draw(*SHAPE)
    large = small.repeat(2, 0).repeat(2, 1)
    found = SAMMasker(models['sam'], min_score=-9, max_edge=100)(large, {}, BOXES * 2)
    expected = SAMMasker(models['sam'], min_score=-9)(small, {}, BOXES)
    for mask, coarse in zip(found, expected):
        assert mask.shape == (120, 200)
        assert (mask != coarse.repeat(2, 0).repeat(2, 1)).mean() < 0.05  # its edges are finer


def test_wrong_settings_and_folders_are_said_of_stage_mask(models, tmp_path):
    with pytest.raises(UserError, match='engine.mask.boxes_per_batch is 0, expected a whole number'):
        SAMMasker(models['sam'], boxes_per_batch=0)
    for wrong in (50, float('nan'), '0.5'):
        with pytest.raises(UserError, match=f'engine.mask.min_score is {wrong!r}, expected an IoU'):
            SAMMasker(models['sam'], min_score=wrong)
    with pytest.raises(UserError, match="engine.mask.dtype is 'float16', which is for GPUs.* engine.mask.device to"):
        SAMMasker(models['sam'], dtype='float16')
    with pytest.raises(UserError, match='none: no such folder. engine.mask.model is a local model directory'):
        SAMMasker(str(tmp_path / 'none')).fingerprint()
