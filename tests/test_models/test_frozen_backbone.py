import pytest
import torch

from mmrice.models import FrozenBackbone, RICEViT
from mmrice.utils import UserError

ARCH = dict(embed_dims=32, num_layers=2, num_heads=2, feedforward_channels=64)
CONFIG = dict(type='mmrice.RICEViT', arch=ARCH, patch_size=8, out_type='featmap', out_indices=(0, 1),
              drop_path_rate=0.9)


@pytest.fixture
def images():
    torch.manual_seed(0)
    return torch.randn(3, 3, 32, 24)


def build(**kwargs):
    torch.manual_seed(1)
    return FrozenBackbone(CONFIG, **kwargs)


def test_features_are_those_of_the_backbone_in_evaluation_mode(images):
    frozen = build().train()
    assert frozen.training and not frozen.backbone.training
    plain = RICEViT(**{key: value for key, value in CONFIG.items() if key != 'type'}).eval()
    plain.load_state_dict(frozen.backbone.state_dict())
    for ours, theirs in zip(frozen(images), plain(images)):
        torch.testing.assert_close(ours, theirs.detach(), rtol=0, atol=1e-6)


def test_nothing_behind_it_gets_a_gradient(images):
    frozen = build().train()
    images.requires_grad_()
    features = frozen(images)
    assert len(features) == 2 and not any(level.requires_grad for level in features)
    assert not any(parameter.requires_grad for parameter in frozen.parameters())


def test_cached_features_are_read_and_equal_the_first_ones(images, tmp_path, monkeypatch):
    frozen = build(cache_dir=str(tmp_path))
    first = frozen(images)
    assert len(list(tmp_path.rglob('*.safetensors'))) == 3
    expected = build()(images)
    for ours, theirs in zip(first, expected):
        assert ours.dtype == torch.float32
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)
    monkeypatch.setattr(frozen.backbone, 'forward', lambda x: pytest.fail('computed again'))
    for ours, theirs in zip(frozen(images[[2, 0]]), first):
        assert torch.equal(ours, theirs[[2, 0]])


def test_other_pixels_and_other_weights_are_other_entries(images, tmp_path):
    frozen = build(cache_dir=str(tmp_path))
    frozen(images)
    images[1, 0, 0, 0] += 1
    assert not torch.equal(frozen(images)[0][1], frozen(images)[0][0])
    assert len(list(tmp_path.rglob('*.safetensors'))) == 4
    other = FrozenBackbone(CONFIG, cache_dir=str(tmp_path))
    torch.testing.assert_close(other(images)[0], other._features(images)[0].half().float(), rtol=1e-2, atol=2e-3)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_damaged_entry_is_made_anew(images, tmp_path):
    frozen = build(cache_dir=str(tmp_path), cache_dtype='float32')
    first = frozen(images)
    entry = sorted(tmp_path.rglob('*.safetensors'))[0]
    content = entry.read_bytes()
    entry.write_bytes(content[:50])
    torch.testing.assert_close(frozen(images)[1], first[1], rtol=0, atol=1e-6)
    assert len(entry.read_bytes()) == len(content)


def test_an_unknown_cache_dtype_is_refused():
    with pytest.raises(UserError, match="cache_dtype is 'int8', expected float16"):
        build(cache_dir='unused', cache_dtype='int8')


def test_another_kind_of_output_is_another_entry_of_the_cache(images, tmp_path):
    maps = build(cache_dir=str(tmp_path))(images)
    tokens = build(cache_dir=str(tmp_path), out_type='cls_token')(images)
    assert [level.shape for level in tokens] == [(3, 32), (3, 32)] and maps[0].shape == (3, 32, 4, 3)
