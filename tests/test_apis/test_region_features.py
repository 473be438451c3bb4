"""RegionFeatureExtractor: what an embedding depends on, and equality with the pretrainer."""
from copy import deepcopy

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope

from mmrice.apis import RegionFeatureExtractor
from mmrice.apis.inference.boxes import check_boxes, read_boxes
from mmrice.data_engine.encoders.network_input import fit, size_for
from mmrice.engine.weights import Backbone, load_backbone, save_backbone
from mmrice.models import Prompter, RegionTransformer, RICEViT
from mmrice.utils import UserError

ARCH = dict(embed_dims=32, num_layers=2, num_heads=2, feedforward_channels=48)
MEAN, STD = [120., 110., 100.], [60., 61., 62.]
VIT = dict(type='mmrice.RICEViT', arch=ARCH, patch_size=8, out_type='raw')
BOXES = [[0, 0, 64, 64], [10.5, 20, 50, 90], [120, 80, 128, 96]]


def recipe(layers=0):
    neck = dict(type='mmrice.RegionTransformer', in_channels=32, out_channels=24, num_heads=2, patch_size=8,
                num_layers=layers)
    head = dict(type='mmrice.ClusterDiscriminationHead', embed_dims=24, object=dict(num_classes=4))
    resize = dict(type='mmrice.RandomResizedRegionCrop', scale=(64, 48))
    return dict(default_scope='mmpretrain', train_dataloader=dict(dataset=dict(pipeline=[resize])),
                model=dict(type='mmrice.RICE', backbone=VIT, neck=neck, head=head,
                           data_preprocessor=dict(mean=MEAN, std=STD, bgr_to_rgb=True)))


def cloc_recipe():
    text = dict(type='mmrice.TextTransformer', arch='tiny', vocab_size=9, out_dims=24)
    neck = dict(type='mmrice.Prompter', in_channels=32, out_channels=24, patch_size=8, joint_corners=False)
    image_neck = dict(type='LinearNeck', in_channels=32, out_channels=24, norm_cfg=None)
    cfg = recipe()
    cfg['model'] = dict(type='mmrice.CLOC', backbone=VIT, neck=neck, image_neck=image_neck, text_encoder=text,
                        head=dict(type='mmrice.RegionTextHead'), data_preprocessor=cfg['model']['data_preprocessor'])
    return cfg


@pytest.fixture(scope='module', params=[0, 1, 'prompter'], ids=['pooling', 'layers', 'prompter'])
def trained(request, tmp_path_factory):
    """(config, checkpoint, pretrainer); the weights are far from their start, or all regions would look alike."""
    pytest.importorskip('mmpretrain')
    cfg = cloc_recipe() if request.param == 'prompter' else recipe(request.param)
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(Config(cfg).model).eval()
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.5)
    path = tmp_path_factory.mktemp('rice') / 'rice.pth'
    torch.save(dict(state_dict=model.state_dict()), path)
    return cfg, path, model


@pytest.fixture(scope='module')
def extractor(trained):
    return RegionFeatureExtractor(*trained[:2], device='cpu')


@pytest.fixture(scope='module')
def images():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (6, 8, 3), np.uint8).repeat(16, 0).repeat(16, 1) for _ in range(3)]


def test_embeddings_are_those_of_the_pretrainer_on_the_same_input(trained, extractor, images):
    model = trained[2]
    inputs = [torch.from_numpy(fit(image, BOXES, (64, 48)).image[..., ::-1].copy()).permute(2, 0, 1)
              for image in images[:2]]  # BGR, as the loaders of the hosts read
    data = model.data_preprocessor(dict(inputs=inputs, data_samples=None))
    with torch.no_grad():
        expected = model.extract_regions(data['inputs'], [torch.tensor(BOXES) / 2] * 2)
    found = extractor(images[:2], [BOXES, BOXES])
    torch.testing.assert_close(torch.cat(found), expected, atol=1e-4, rtol=1e-4)
    assert (found[0] - found[1]).abs().max() > 0.05 and (found[0][0] - found[0][1]).abs().max() > 0.05


def test_an_embedding_depends_neither_on_other_boxes_nor_on_their_order(extractor, images):
    together = extractor(images[0], BOXES)
    assert together.shape == (3, 24)
    torch.testing.assert_close(extractor(images[0], BOXES[::-1]).flip(0), together, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(extractor(images[0], BOXES[1:2]), together[1:2], atol=1e-5, rtol=1e-5)


def test_a_batch_gives_what_its_images_give_alone(extractor, images):
    other = cv2.resize(images[1], (200, 90))
    batch = [images[0], other, images[2]]
    boxes = [BOXES, [[5, 5, 190, 80]], []]
    found = extractor(batch, boxes)
    assert [len(one) for one in found] == [3, 1, 0]
    for image, own, features in zip(batch, boxes, found):
        torch.testing.assert_close(extractor(image, own), features, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(extractor.image_features(batch)[1:2], extractor.image_features(other))


def test_an_image_is_encoded_once_whatever_its_number_of_boxes(extractor, images):
    passes = []
    hook = extractor.backbone.register_forward_hook(lambda module, inputs, _: passes.append(tuple(inputs[0].shape)))
    extractor(images, [BOXES * 9, BOXES, []])
    hook.remove()
    assert passes == [(3, 3, 48, 64)]


def test_image_features_and_patch_maps_are_the_outputs_of_the_backbone(trained, extractor, images):
    features = extractor.extract(images[0])[0]
    pixels = torch.from_numpy(fit(images[0], BOXES, (64, 48)).image).permute(2, 0, 1)[None].float()
    inputs = (pixels - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    state = load_backbone(trained[1]).state
    for out_type, found in (('cls_token', features.image), ('featmap', features.patches)):
        vit = RICEViT(ARCH, patch_size=8, out_type=out_type).eval()
        vit.load_state_dict(state)
        torch.testing.assert_close(vit(inputs)[0][0], found, atol=1e-4, rtol=1e-4)


def test_a_backbone_alone_pools_without_parameters(trained, images, tmp_path):
    found = load_backbone(trained[1])
    preprocess = dict(mean=MEAN, std=STD, order='RGB', image_size=64)
    path = tmp_path / 'converted.pth'
    save_backbone(Backbone('x', found.layout, found.state, found.config, preprocess), path)
    extractor = RegionFeatureExtractor(path, device='cpu')
    assert extractor.pooling == 'parameter-free pooling' and extractor.input_size == (64, 64)
    neck = RegionTransformer(32, 32, 2, 8)
    torch.nn.init.eye_(neck.proj.weight)
    tokens = extractor.extract(images[0])[0]
    sequence = torch.cat([tokens.image[None], tokens.patches.flatten(1).T])[None]
    expected = neck(sequence, (8, 8), [torch.tensor(BOXES) * torch.tensor([0.5, 64 / 96] * 2)])
    torch.testing.assert_close(extractor(images[0], BOXES), expected, atol=1e-4, rtol=1e-4)


def test_a_long_edge_keeps_the_aspect_and_attention_stays_in_its_box(trained, images):
    extractor = RegionFeatureExtractor(*trained[:2], device='cpu', long_edge=96)
    image = cv2.resize(images[0], (200, 100))
    assert extractor.patch_maps(image)[0].shape == (32, 6, 12) and size_for((100, 3), 64, 14) == (70, 14)
    weights = extractor.attention(image, [[0, 0, 100, 100]])
    if isinstance(extractor.neck, Prompter):  # which may look anywhere, at the class token and its corners as well
        assert weights.shape == (1, 1, 6, 12) and 0 < weights.sum() < 1
        return
    assert weights.shape == (1, 2, 6, 12) and not weights[..., 6:].any()
    torch.testing.assert_close(weights.sum((2, 3)), torch.ones(1, 2))


def test_channels_are_in_the_order_of_training(trained, images):
    cfg = deepcopy(Config(trained[0]))
    cfg.model.data_preprocessor.update(bgr_to_rgb=False, mean=MEAN[::-1], std=STD[::-1])
    bgr = RegionFeatureExtractor(cfg, trained[1], device='cpu')
    rgb = RegionFeatureExtractor(trained[0], trained[1], device='cpu')
    passed = []
    bgr.backbone.register_forward_hook(lambda module, inputs, _: passed.append(inputs[0]))
    rgb.backbone.register_forward_hook(lambda module, inputs, _: passed.append(inputs[0]))
    bgr.image_features(images[0]), rgb.image_features(images[0])
    torch.testing.assert_close(passed[0], passed[1].flip(1))


@pytest.mark.parametrize(('boxes', 'message'), [
    ([[5, 5, 5, 9]], 'box 0 is .*expected x1 < x2'), ([[0, 0, 9, 9], [200, 0, 210, 9]], 'box 1, .*outside the image'),
    ([1, 2, 3, 4], r'shape \(4,\), expected \(K, 4\)'), ([['a'] * 4], 'not numbers')])
def test_wrong_boxes_are_refused(boxes, message):
    with pytest.raises(UserError, match=message):
        check_boxes(boxes, (128, 96), 'x.jpg')


def test_boxes_end_at_the_edges_of_the_image():
    assert check_boxes([[-5, 10, 500, 20]], (128, 96), 'x.jpg').tolist() == [[0, 10, 128, 20]]


def test_boxes_of_a_file_are_found_by_path_or_name(tmp_path):
    (tmp_path / 'boxes.json').write_text('{"a.jpg": [[1, 2, 3, 4]]}')
    boxes_of = read_boxes([str(tmp_path / 'boxes.json')])
    assert boxes_of(tmp_path / 'a.jpg') == [[1, 2, 3, 4]]
    with pytest.raises(UserError, match='has no boxes for it'):
        boxes_of(tmp_path / 'b.jpg')
    assert read_boxes(['1,2,3,4 5,6,7,8'])(None) == read_boxes(['1,2,3,4', '5,6,7,8'])(None) == [
        [1, 2, 3, 4], [5, 6, 7, 8]]


def test_what_does_not_fit_is_refused(trained, images, tmp_path):
    with pytest.raises(UserError, match='num_layers 2 in the checkpoint, 3 in the model'):
        RegionFeatureExtractor(dict(VIT, arch=dict(ARCH, num_layers=3)), trained[1], device='cpu')
    with pytest.raises(UserError, match='does not say the mean'):
        RegionFeatureExtractor(trained[1], device='cpu')
    with pytest.raises(UserError, match='expected mmrice.RICEViT'):
        RegionFeatureExtractor(dict(type='ResNet', depth=18), trained[1], device='cpu')
    with pytest.raises(UserError, match='multiples of the patch'):
        RegionFeatureExtractor(*trained[:2], device='cpu', input_size=60)
    with pytest.raises(UserError, match='1 lists of boxes for 2 images'):
        RegionFeatureExtractor(*trained[:2], device='cpu')(images[:2], [BOXES])
    (tmp_path / 'bad.jpg').write_bytes(b'no image')
    with pytest.raises(UserError, match='bad.jpg: unreadable'):
        RegionFeatureExtractor(*trained[:2], device='cpu')(tmp_path / 'bad.jpg', BOXES)
