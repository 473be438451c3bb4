"""RegionVisualizationHook draws what the model is trained on and leaves training as it is."""
import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData

from mmrice.engine import RegionVisualizationHook
from mmrice.registry import HOOKS, MODELS
from mmrice.structures import RegionDataSample
from mmrice.utils import UserError
from mmrice.visualization import label_color
from mmrice.visualization.draw_regions import RIGHT, WRONG

pytest.importorskip('mmpretrain')

MODEL = dict(
    type='mmrice.RICE',
    data_preprocessor=dict(mean=[127.] * 3, std=[60.] * 3, bgr_to_rgb=True, pad_size_divisor=8),
    backbone=dict(
        type='mmrice.RICEViT',
        arch=dict(embed_dims=32, num_layers=1, num_heads=2, feedforward_channels=64),
        patch_size=8,
        out_type='raw'),
    neck=dict(type='mmrice.RegionTransformer', in_channels=32, out_channels=32, num_heads=2, patch_size=8),
    head=dict(
        type='mmrice.ClusterDiscriminationHead',
        embed_dims=32,
        sample_ratio=1.,
        object=dict(num_classes=6),
        ocr=dict(num_classes=5)))


class Visualizer:
    """Keeps what it is given."""

    def __init__(self):
        self.images = {}

    def add_image(self, name, image, step):
        self.images[name, step] = image


@pytest.fixture
def runner():
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(MODEL).train()
    loader = SimpleNamespace(dataset=SimpleNamespace(data_root=None))
    return SimpleNamespace(model=model, visualizer=Visualizer(), iter=0, train_dataloader=loader)


@pytest.fixture
def batch():
    sample = RegionDataSample()
    sample.gt_regions = InstanceData(
        bboxes=torch.tensor([[2., 2., 30., 30.], [20., 10., 46., 28.]]),
        kinds=torch.tensor([0, 1]),
        labels=torch.tensor([[3, -1], [4, 1]]))
    image = torch.zeros(3, 32, 48, dtype=torch.uint8)
    image[0] = 200  # blue, in OpenCV's order
    return dict(inputs=[image] * 3, data_samples=[sample] * 3)


def colors_of(image):
    return {tuple(color) for color in image.reshape(-1, 3).tolist()}


def test_the_first_images_are_drawn_at_the_start_and_at_the_interval(runner, batch):
    hook = HOOKS.build(dict(type='mmrice.RegionVisualizationHook', interval=4, num_images=2))
    for runner.iter in range(9):
        hook.after_train_iter(runner, runner.iter, batch)
    assert list(runner.visualizer.images) == [(f'regions_{number}', step) for step in (1, 4, 8) for number in (0, 1)]


def test_pictures_show_the_image_in_rgb_with_boxes_in_their_cluster_colour(runner, batch):
    RegionVisualizationHook(scale=3.).after_train_iter(runner, 0, batch)
    image = runner.visualizer.images['regions_0', 1]
    assert image.shape == (96, 144, 3) and image.dtype == np.uint8
    assert {(0, 0, 200), label_color(3), (255, 255, 255)} <= colors_of(image)


def test_captions_tell_right_from_wrong_and_the_model_is_left_as_it_was(runner, batch):
    model = runner.model
    with torch.no_grad():
        regions = batch['data_samples'][0].gt_regions
        inputs = model.data_preprocessor(dict(inputs=batch['inputs'][:1]), False)['inputs']
        embeddings = model.eval().extract_regions(inputs, [regions.bboxes])
        model.head.centers['object'].weight[3] = embeddings[0]  # right
        model.head.centers['ocr'].weight[:] = embeddings[1]
        model.head.centers['ocr'].weight[[1, 4]] = -embeddings[1]  # wrong
    model.train()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    draws = torch.get_rng_state()
    RegionVisualizationHook(num_images=1, show_correct=True).after_train_iter(runner, 0, batch)
    assert {RIGHT, WRONG} <= colors_of(runner.visualizer.images['regions_0', 1])
    assert model.training
    assert torch.equal(torch.get_rng_state(), draws)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, state[name], rtol=0, atol=0)
    model.head.centers['object'].weight.data[3] *= -1
    RegionVisualizationHook(num_images=1, show_correct=True).after_train_iter(runner, 0, batch)
    assert RIGHT not in colors_of(runner.visualizer.images['regions_0', 1])


def test_words_come_from_the_vocabulary(runner, batch, tmp_path):
    path = tmp_path / 'ocr_vocab.json'
    path.write_text(json.dumps(['a', 'exit', 'c', 'd', 'push']))
    pictures = []
    for vocabulary in (str(path), None):
        hook = RegionVisualizationHook(ocr_vocab=vocabulary, num_images=1)
        hook.before_train(runner)
        hook.after_train_iter(runner, 0, batch)
        pictures.append(runner.visualizer.images['regions_0', 1])
    assert (pictures[0] != pictures[1]).any()


def test_a_missing_vocabulary_is_reported_before_training(runner, tmp_path):
    with pytest.raises(UserError, match='no such file'):
        RegionVisualizationHook(ocr_vocab=str(tmp_path / 'none.json')).before_train(runner)


def test_an_impossible_interval_is_refused():
    with pytest.raises(UserError, match='interval=0'):
        RegionVisualizationHook(interval=0)


def test_words_beside_the_shards_are_found_without_being_named(runner, tmp_path):
    hook = RegionVisualizationHook()
    hook.before_train(runner)
    assert hook.words is None
    (tmp_path / 'ocr_vocab.json').write_text('["cat", "dog"]')
    runner.train_dataloader.dataset.data_root = str(tmp_path)
    (tmp_path / 'tag_vocab.json').write_text('["thing"]')
    hook.before_train(runner)
    assert hook.words == ['cat', 'dog'] and hook.tags == ['thing']


def test_tags_are_drawn_by_their_names_and_not_as_words(runner, batch):
    regions = batch['data_samples'][0].gt_regions
    regions.kinds, hook, pictures = torch.tensor([5, 6]), RegionVisualizationHook(num_images=1), []
    for hook.words, hook.tags in ((None, None), (['a'] * 5, None), (None, ['a'] * 5)):
        hook.after_train_iter(runner, 0, batch)
        pictures.append(runner.visualizer.images['regions_0', 1])
    assert (pictures[0] == pictures[1]).all() and (pictures[0] != pictures[2]).any()


def test_a_model_without_centres_of_regions_cannot_show_what_it_gets_right(runner):
    runner.model = torch.nn.Identity()
    with pytest.raises(UserError, match='show_correct=True, but Identity has no centres.*Set show_correct=False'):
        RegionVisualizationHook(show_correct=True).before_train(runner)
    RegionVisualizationHook().before_train(runner)
