"""A training checkpoint says what its backbone is and which images it takes, and can be exported."""
import json

import pytest
import torch
from safetensors.torch import load_file

from mmrice.engine.weights import describe_training, load_backbone, write_hugging_face
from mmrice.models import RICEViT
from mmrice.testing.runs import train
from mmrice.utils import UserError

ARCH = dict(embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=24)
BACKBONE = dict(type='mmrice.RICEViT', arch=ARCH, patch_size=16, norm_eps=1e-6)


@pytest.fixture(scope='module')
def checkpoint(tiny, tmp_path_factory):
    """Of a classifier on a RICEViT after one iteration."""
    work_dir = tmp_path_factory.mktemp('run')
    train(tiny('mmpretrain', False), work_dir, train_cfg__max_iters=1, val_cfg=None, val_dataloader=None,
          val_evaluator=None, model__backbone=dict(_delete_=True, **BACKBONE))
    return work_dir / 'latest.pth'


def test_checkpoint_describes_its_backbone_and_its_images(checkpoint):
    meta = torch.load(checkpoint, weights_only=True)['meta']
    assert meta['backbone'] == BACKBONE
    assert meta['preprocess'] == dict(mean=[127.] * 3, std=[60.] * 3, order='RGB')
    assert meta['iter'] == 1


def test_backbone_of_a_checkpoint_is_exported_with_its_preprocessing(checkpoint, tmp_path):
    backbone = load_backbone(checkpoint)
    assert (backbone.config, backbone.layout.prefix) == (BACKBONE, 'backbone.')
    assert sorted(backbone.dropped) == ['head.fc.bias', 'head.fc.weight']
    write_hugging_face(backbone, tmp_path / 'hf')
    config = json.loads((tmp_path / 'hf/config.json').read_text())
    assert (config['layer_norm_eps'], config['image_size'], config['num_key_value_groups']) == (1e-6, 224, 1)
    preprocessor = json.loads((tmp_path / 'hf/preprocessor_config.json').read_text())
    assert preprocessor['image_mean'] == pytest.approx([127 / 255] * 3, abs=1e-7)
    assert preprocessor['image_std'] == pytest.approx([60 / 255] * 3, abs=1e-7)
    assert preprocessor['crop_size'] == dict(height=224, width=224)


def test_model_without_a_rice_vit_is_not_described():
    assert describe_training(torch.nn.Linear(2, 2)) == {}


def test_model_of_bgr_images_is_exported_as_the_same_one_of_rgb_images(checkpoint, tmp_path):
    backbone = load_backbone(checkpoint)
    backbone.preprocess = dict(mean=[1., 2., 3.], std=[4., 5., 6.], order='BGR')
    preprocessor = write_hugging_face(backbone, tmp_path / 'hf')
    assert preprocessor['image_mean'] == pytest.approx([3 / 255, 2 / 255, 1 / 255], abs=1e-7)
    assert preprocessor['image_std'] == pytest.approx([6 / 255, 5 / 255, 4 / 255], abs=1e-7)
    bgr, rgb = (RICEViT(ARCH, patch_size=16, norm_eps=1e-6).eval() for _ in range(2))
    bgr.load_state_dict(backbone.state)
    rgb.load_state_dict(load_backbone(tmp_path / 'hf').state)
    image = torch.rand(1, 3, 32, 32)
    torch.testing.assert_close(rgb(image)[0], bgr(image.flip(1))[0])


def test_directory_in_use_is_kept_unless_forced_and_then_only_the_model_changes(checkpoint, tmp_path):
    backbone = load_backbone(checkpoint)
    (tmp_path / 'hf').mkdir()
    (tmp_path / 'hf/README.md').write_text('mine')
    with pytest.raises(UserError, match='hf: is not empty. .* --force'):
        write_hugging_face(backbone, tmp_path / 'hf')
    assert [path.name for path in (tmp_path / 'hf').iterdir()] == ['README.md']
    write_hugging_face(backbone, tmp_path / 'hf', force=True)
    assert sorted(path.name for path in (tmp_path / 'hf').iterdir()) == [
        'README.md', 'config.json', 'model.safetensors', 'preprocessor_config.json']
    assert [path.name for path in tmp_path.iterdir()] == ['hf']


def test_failure_while_writing_leaves_no_directory(checkpoint, tmp_path, monkeypatch):
    monkeypatch.setattr('mmrice.engine.weights.hugging_face.to_hugging_face', lambda state: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_hugging_face(load_backbone(checkpoint), tmp_path / 'hf')
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('size, advice', [(100, 96), (7, 16), (0, 16)])
def test_image_size_that_the_patch_does_not_divide_is_an_error(checkpoint, tmp_path, size, advice):
    with pytest.raises(UserError, match=f'{size} pixels is not divisible by patch_size=16. Give --image-size {advice}'):
        write_hugging_face(load_backbone(checkpoint), tmp_path / 'hf', image_size=size)


def test_backbone_without_output_norm_cannot_be_exported(tmp_path):
    torch.save(RICEViT(ARCH, final_norm=False).state_dict(), tmp_path / 'a.pth')
    backbone = load_backbone(tmp_path / 'a.pth')
    assert backbone.config['final_norm'] is False
    with pytest.raises(UserError, match='a.pth: has no norm on its output'):
        write_hugging_face(backbone, tmp_path / 'hf')


def test_dtype_can_be_changed(checkpoint, tmp_path):
    write_hugging_face(load_backbone(checkpoint), tmp_path / 'hf', dtype='bfloat16')
    assert {value.dtype for value in load_file(tmp_path / 'hf/model.safetensors').values()} == {torch.bfloat16}
    assert json.loads((tmp_path / 'hf/config.json').read_text())['torch_dtype'] == 'bfloat16'
