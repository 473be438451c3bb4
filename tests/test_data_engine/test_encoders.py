import multiprocessing

import cv2
import numpy as np
import pytest
from PIL import Image

from mmrice.data_engine.encoders import CropEncoder, HandcraftedEncoder, crop_regions, normalise
from mmrice.data_engine.encoders.devices import worker_device
from mmrice.data_engine.parts import build_part
from mmrice.utils import UserError

BOXES = np.array([[0, 0, 64, 64], [10.5, 20, 50, 100], [127, 127, 128, 128]], np.float32)


class Flatten(CropEncoder):
    """The pixels themselves."""

    def build(self):
        import torch
        return torch.nn.Flatten()

    def features(self, inputs):
        return self.load()(inputs)


def test_crops_are_squares_of_the_region():
    image = np.zeros((40, 60, 3), np.uint8)
    image[10:20, 20:40] = 255
    crops = crop_regions(image, np.array([[20, 10, 40, 20], [0, 0, 20, 10]], np.float32), 16)
    assert crops.shape == (2, 16, 16, 3) and crops[0].min() == 255 and crops[1].max() == 0


def test_a_crop_that_shrinks_is_averaged_over_areas(image):
    whole = crop_regions(image, [[0, 0, 128, 128]], 32)[0]
    expected = np.asarray(Image.fromarray(image).resize((32, 32), Image.BOX))
    assert np.abs(whole.astype(int) - expected).max() <= 1


def test_an_axis_is_averaged_even_where_the_other_one_grows():
    stripes = np.zeros((8, 128, 3), np.uint8)
    stripes[:, ::4] = 200
    assert np.unique(crop_regions(stripes, [[0, 0, 128, 8]], 32)).tolist() == [50]


def test_padding_adds_context_as_far_as_the_image_goes(image):
    box = [[40, 60, 60, 100]]
    np.testing.assert_array_equal(crop_regions(image, box, 20, pad=0.5), crop_regions(image, [[30, 40, 70, 120]], 20))
    np.testing.assert_array_equal(crop_regions(image, box, 20, pad=9.), crop_regions(image, [[0, 0, 128, 128]], 20))


def test_rows_get_length_one_and_zero_rows_stay():
    np.testing.assert_array_equal(normalise([[3, 4], [0, 0]]), np.float16([[0.6, 0.8], [0, 0]]))


def test_handcrafted_embeddings_have_length_one_and_repeat_exactly(image):
    features = HandcraftedEncoder()([image], [BOXES])
    assert features.dtype == np.float16 and features.shape == (3, 876)
    np.testing.assert_allclose(np.linalg.norm(features.astype(np.float32), axis=1), 1, atol=2e-3)
    np.testing.assert_array_equal(features, HandcraftedEncoder()([image], [BOXES]))


def test_rows_of_several_images_are_those_of_each_in_order(image):
    other, encoder = cv2.flip(image, 0), HandcraftedEncoder()
    together = encoder([image, other, image], [BOXES, BOXES[1:], BOXES[:1]])
    alone = [encoder([image], [BOXES]), encoder([other], [BOXES[1:]]), encoder([image], [BOXES[:1]])]
    np.testing.assert_allclose(together.astype(np.float32), np.concatenate(alone).astype(np.float32), atol=1e-3)
    assert np.abs(together[1].astype(np.float32) - together[3].astype(np.float32)).max() > 0.01


def test_handcrafted_embeddings_put_alike_regions_closer():
    image = np.full((64, 128, 3), 30, np.uint8)
    image[8:24, 8:24] = image[8:24, 40:56] = (220, 30, 30)
    image[8:24, 72:120:4] = (30, 30, 220)
    boxes = np.array([[0, 0, 32, 32], [32, 0, 64, 32], [64, 0, 128, 32]], np.float32)
    similarity = (lambda f: f @ f.T)(HandcraftedEncoder()([image], [boxes]).astype(np.float32))
    assert similarity[0, 1] > 0.99 and similarity[0, 2] < 0.9


def test_crops_are_normalised_by_mean_and_deviation_of_their_channel(image):
    encoder = Flatten(8, mean=(10, 20, 30), std=(2, 4, 8))
    crops = crop_regions(image, BOXES, 8).astype(np.float32)
    expected = ((crops - (10, 20, 30)) / (2, 4, 8)).transpose(0, 3, 1, 2).reshape(3, -1)
    np.testing.assert_array_equal(encoder([image], [BOXES]), normalise(expected))


def test_the_threads_of_torch_are_those_of_the_config_while_a_model_runs_and_as_before_later(image):
    import torch
    seen, before = [], torch.get_num_threads()

    class Note(Flatten):
        def features(self, inputs):
            seen.append(torch.get_num_threads())
            return super().features(inputs)

    Note(8, (0, 0, 0), (1, 1, 1), num_threads=3)([image], [BOXES])
    assert seen == [3] and torch.get_num_threads() == before


@pytest.mark.parametrize(('name', 'worker', 'gpu'), [('cuda', (), 0), ('cuda', (1, ), 0), ('cuda', (3, ), 2),
                                                     ('cuda', (6, ), 1), ('cuda:3', (1, ), 3)])
def test_workers_take_gpus_in_turn(name, worker, gpu, monkeypatch):
    import torch
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 4)
    monkeypatch.setattr(multiprocessing.current_process(), '_identity', worker)
    assert worker_device(name) == torch.device('cuda', gpu)


@pytest.mark.parametrize(('options', 'message'), [
    ({'dtype': 'half'}, "dtype is 'half', expected float32, bfloat16, float16"),
    ({'dtype': 'float16'}, "dtype is 'float16', which is for GPUs"),
    ({'num_threads': 0}, 'num_threads is 0'), ({'batch_size': 0}, 'batch_size is 0'), ({'pad': -0.1}, 'pad is -0.1')])
def test_a_wrong_option_is_named(options, message):
    with pytest.raises(UserError, match=message):
        build_part({'type': 'mmrice.MMPretrainEncoder', 'model': {}, **options}, 'embed')


@pytest.mark.parametrize(('device', 'message'), [('gpu', "device is 'gpu', expected"), ('cuda', 'torch sees 0 GPUs')])
def test_a_device_that_is_not_there_is_named(device, message, monkeypatch):
    import torch
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    with pytest.raises(UserError, match=message):
        worker_device(device)


def test_a_size_that_cells_do_not_divide_is_refused():
    with pytest.raises(UserError, match='size 50 is not divisible by cell 16'):
        HandcraftedEncoder(size=50)
