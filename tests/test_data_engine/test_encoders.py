import numpy as np
import pytest

from mmrice.data_engine.encoders import HandcraftedEncoder, MMPretrainEncoder, crop_regions, normalise
from mmrice.utils import UserError

BOXES = np.array([[0, 0, 64, 64], [10.5, 20, 50, 100], [127, 127, 128, 128]], np.float32)
TINY = {'type': 'mmpretrain.ImageClassifier',
        'backbone': {'type': 'mmpretrain.ResNet', 'depth': 18, 'base_channels': 8, 'stem_channels': 8},
        'neck': {'type': 'mmpretrain.GlobalAveragePooling'}}


def check_rows(features, count):
    assert features.dtype == np.float16 and len(features) == count
    np.testing.assert_allclose(np.linalg.norm(features.astype(np.float32), axis=1), 1, atol=2e-3)


def test_crops_are_squares_of_the_region():
    image = np.zeros((40, 60, 3), np.uint8)
    image[10:20, 20:40] = 255
    crops = crop_regions(image, np.array([[20, 10, 40, 20], [0, 0, 20, 10]], np.float32), 16)
    assert crops.shape == (2, 16, 16, 3) and crops[0].min() == 255 and crops[1].max() == 0


def test_rows_get_length_one_and_zero_rows_stay():
    np.testing.assert_array_equal(normalise([[3, 4], [0, 0]]), np.float16([[0.6, 0.8], [0, 0]]))


def test_handcrafted_embeddings_have_length_one_and_repeat_exactly(image):
    features = HandcraftedEncoder()(image, BOXES)
    check_rows(features, 3)
    assert features.shape[1] == 876
    np.testing.assert_array_equal(features, HandcraftedEncoder()(image, BOXES))


def test_handcrafted_embeddings_put_alike_regions_closer():
    image = np.full((64, 128, 3), 30, np.uint8)
    image[8:24, 8:24] = image[8:24, 40:56] = (220, 30, 30)
    image[8:24, 72:120:4] = (30, 30, 220)
    boxes = np.array([[0, 0, 32, 32], [32, 0, 64, 32], [64, 0, 128, 32]], np.float32)
    similarity = (lambda f: f @ f.T)(HandcraftedEncoder()(image, boxes).astype(np.float32))
    assert similarity[0, 1] > 0.99 and similarity[0, 2] < 0.9


def test_a_size_that_cells_do_not_divide_is_refused():
    with pytest.raises(UserError, match='size 50 is not divisible by cell 16'):
        HandcraftedEncoder(size=50)


def test_an_mmpretrain_model_embeds_with_local_weights(image, tmp_path):
    pytest.importorskip('mmpretrain')
    import torch
    encoder = MMPretrainEncoder(TINY, input_size=32, batch_size=2)
    random = encoder(image, BOXES)
    check_rows(random, 3)
    assert random.shape[1] == 64
    path = tmp_path / 'tiny.pth'
    torch.save({'state_dict': encoder._network.state_dict()}, path)
    loaded = MMPretrainEncoder(TINY, str(path), input_size=32, seed=5)
    np.testing.assert_allclose(loaded(image, BOXES).astype(np.float32), random.astype(np.float32), atol=1e-3)
    before = loaded.fingerprint()
    torch.save({}, path)
    assert loaded.fingerprint() != before


def test_weights_of_another_architecture_and_missing_files_are_refused(image, tmp_path):
    pytest.importorskip('mmpretrain')
    import torch
    path = tmp_path / 'other.pth'
    torch.save({'state_dict': {'backbone.nothing': torch.zeros(1)}}, path)
    with pytest.raises(UserError, match='other.pth: .* weights of the model are not in it'):
        MMPretrainEncoder(TINY, str(path), input_size=32)(image, BOXES)
    with pytest.raises(UserError, match='none.pth: no such file'):
        MMPretrainEncoder(TINY, str(tmp_path / 'none.pth')).fingerprint()


def test_a_checkpoint_that_holds_code_is_refused(image, tmp_path):
    pytest.importorskip('mmpretrain')
    import torch
    path = tmp_path / 'code.pth'
    torch.save({'state_dict': {}, 'hook': print}, path)
    with pytest.raises(UserError, match='code.pth: not a checkpoint of plain tensors'):
        MMPretrainEncoder(TINY, str(path), input_size=32)(image, BOXES)
