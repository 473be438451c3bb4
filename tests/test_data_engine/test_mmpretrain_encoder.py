import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from PIL import Image

from mmrice.data_engine.encoders import MMPretrainEncoder
from mmrice.utils import UserError

pytest.importorskip('mmpretrain')
BOXES = np.array([[0, 0, 64, 64], [10.5, 20, 50, 100], [127, 127, 128, 128]], np.float32)
TINY = {'type': 'mmpretrain.ImageClassifier',
        'backbone': {'type': 'mmpretrain.ResNet', 'depth': 18, 'base_channels': 8, 'stem_channels': 8},
        'neck': {'type': 'mmpretrain.GlobalAveragePooling'}}


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    """A checkpoint whose statistics are not those of a fresh model."""
    network = MMPretrainEncoder(TINY, input_size=32).load()
    torch.manual_seed(1)
    for name, buffer in network.named_buffers():
        if name.endswith('running_mean'):
            buffer.normal_(std=0.1)
    path = tmp_path_factory.mktemp('weights') / 'tiny.pth'
    torch.save({'state_dict': network.state_dict(), 'meta': {}}, path)
    return path


def test_embeddings_are_those_of_the_model_on_the_crops(image, checkpoint):
    from mmpretrain.registry import MODELS
    boxes = [[0, 0, 32, 32], [50, 70, 82, 102]]
    crops = np.stack([np.asarray(Image.fromarray(image).crop(box)) for box in boxes])
    inputs = (torch.tensor(crops).permute(0, 3, 1, 2) - torch.tensor([123.675, 116.28, 103.53])[:, None, None]
              ) / torch.tensor([58.395, 57.12, 57.375])[:, None, None]
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(TINY).eval()
    model.load_state_dict(torch.load(checkpoint, weights_only=True)['state_dict'])
    expected = torch.nn.functional.normalize(model.extract_feat(inputs)[-1], dim=1).detach()
    found = MMPretrainEncoder(TINY, str(checkpoint), input_size=32)([image], [np.float32(boxes)])
    assert found.shape == (2, 64) and found.dtype == np.float16
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_a_bare_backbone_gives_the_mean_of_its_last_map(image):
    encoder = MMPretrainEncoder(dict(TINY['backbone'], out_indices=(2, 3)), input_size=64)
    rows = encoder([image], [BOXES])
    inputs = torch.linspace(-1, 1, 2 * 3 * 64 * 64).sin().view(2, 3, 64, 64)
    np.testing.assert_array_equal(encoder.features(inputs), encoder.load()(inputs)[-1].mean((2, 3)))
    assert rows.shape == (3, 64)


def test_bfloat16_is_near_to_float32(image, checkpoint):
    rows = [MMPretrainEncoder(TINY, str(checkpoint), input_size=32, dtype=dtype)([image], [BOXES]).astype(np.float32)
            for dtype in ('float32', 'bfloat16')]
    assert 0 < np.abs(rows[0] - rows[1]).max() < 0.02


def test_random_weights_come_from_the_seed(image):
    first, again, other = (MMPretrainEncoder(TINY, input_size=32, seed=seed)([image], [BOXES]) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01


def test_the_fingerprint_follows_the_weights(checkpoint, tmp_path):
    copy = tmp_path / 'copy.pth'
    copy.write_bytes(checkpoint.read_bytes())
    before = MMPretrainEncoder(TINY, str(copy)).fingerprint()
    copy.write_bytes(checkpoint.read_bytes() + b'\0')
    assert MMPretrainEncoder(TINY, str(copy)).fingerprint() != before


def test_weights_of_another_architecture_and_missing_files_are_refused(image, tmp_path):
    path = tmp_path / 'other.pth'
    torch.save({'state_dict': {'backbone.nothing': torch.zeros(1)}}, path)
    with pytest.raises(UserError, match=r'other.pth: 0 of the 60 parameters of ImageClassifier are in it'):
        MMPretrainEncoder(TINY, str(path), input_size=32)([image], [BOXES])
    with pytest.raises(UserError, match='none.pth: no such file. Nothing is downloaded'):
        MMPretrainEncoder(TINY, str(tmp_path / 'none.pth')).fingerprint()


def test_weights_of_another_width_are_refused(image, checkpoint):
    wider = dict(TINY, backbone=dict(TINY['backbone'], base_channels=16))
    with pytest.raises(UserError, match=r'conv1.weight is \(8, .*another architecture'):
        MMPretrainEncoder(wider, str(checkpoint), input_size=32)([image], [BOXES])


def test_a_checkpoint_that_holds_code_is_refused(image, tmp_path):
    path = tmp_path / 'code.pth'
    torch.save({'state_dict': {}, 'hook': print}, path)
    with pytest.raises(UserError, match='code.pth: holds an object of type'):
        MMPretrainEncoder(TINY, str(path), input_size=32)([image], [BOXES])


def test_another_hosts_scope_does_not_matter(image, checkpoint):
    with DefaultScope.overwrite_default_scope('mmdet'):
        inside = MMPretrainEncoder(TINY, str(checkpoint), input_size=32)([image], [BOXES])
    np.testing.assert_array_equal(inside, MMPretrainEncoder(TINY, str(checkpoint), input_size=32)([image], [BOXES]))
