import cv2
import mmcv
import numpy as np
import pytest
import torch
from mmengine import Config
from mmengine.structures import InstanceData

from mmrice.data_engine.encoders import RICERegionEncoder
from mmrice.data_engine.encoders.network_input import fit
from mmrice.data_engine.encoders.recipe import find_resize, read_recipe
from mmrice.datasets.transforms.resizing import RegionLetterbox, RegionResize
from mmrice.models import RegionTransformer, RICEViT
from mmrice.models.layers import region_token_mask
from mmrice.structures import RegionDataSample
from mmrice.utils import UserError

ARCH = dict(embed_dims=32, num_layers=2, num_heads=2, feedforward_channels=48)
MEAN, STD = [122.771, 116.746, 104.094], [68.501, 66.632, 70.323]
WARP = (dict(type='mmrice.LoadImageFromShard'),
        dict(type='mmrice.RandomResizedRegionCrop', scale=(64, 48), area=(0.5, 1.)))
BOXES = np.array([[0, 0, 64, 64], [10.5, 20, 50, 90], [127, 95, 128, 96]], np.float32)


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (6, 8, 3), np.uint8).repeat(16, 0).repeat(16, 1) for _ in range(2)]


def write_checkpoint(path, neck_layers=0, neck=True, heads=2, pipeline=WARP, **meta):
    """What CheckpointHook leaves of RICE training, without optimizer and head."""
    torch.manual_seed(0)
    backbone = RICEViT(ARCH, patch_size=8, out_type='raw')
    parts = torch.nn.ModuleDict(dict(backbone=backbone))
    neck_config = dict(type='mmrice.RegionTransformer', in_channels=32, out_channels=24, num_heads=heads, patch_size=8,
                       num_layers=neck_layers, ffn_ratio=2.)
    if neck:
        parts['neck'] = RegionTransformer(**{key: value for key, value in neck_config.items() if key != 'type'})
    for parameter in parts.parameters():  # far from their start, or all regions would look alike
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.5)
    recipe = Config(dict(model=dict(neck=neck_config, backbone=dict(type='mmrice.RICEViT', arch=ARCH, patch_size=8)),
                         train_dataloader=dict(dataset=dict(pipeline=list(pipeline)))))
    described = dict(backbone=dict(type='mmrice.RICEViT', arch=ARCH, patch_size=8, norm_eps=1e-5),
                     preprocess=dict(mean=MEAN, std=STD, order='RGB'), cfg=recipe.pretty_text)
    torch.save(dict(state_dict=parts.state_dict(), meta={**described, **meta}), path)
    return str(path), parts


def pretrainer(parts):
    """The algorithm itself, with these weights."""
    pytest.importorskip('mmpretrain')
    from mmrice.registry import MODELS
    head = dict(type='mmrice.ClusterDiscriminationHead', embed_dims=24, object=dict(num_classes=4))
    neck = dict(type='mmrice.RegionTransformer', in_channels=32, out_channels=24, num_heads=parts['neck'].num_heads,
                patch_size=8, num_layers=len(parts['neck'].layers), ffn_ratio=2.)
    model = MODELS.build(dict(
        type='mmrice.RICE', backbone=dict(type='mmrice.RICEViT', arch=ARCH, patch_size=8, out_type='raw'), neck=neck,
        head=head, data_preprocessor=dict(mean=MEAN, std=STD, bgr_to_rgb=True, pad_size_divisor=8)))
    assert not model.load_state_dict(parts.state_dict(), strict=False).unexpected_keys
    return model.eval()


@pytest.mark.parametrize(('layers', 'heads'), [(0, 2), (1, 4)])
def test_embeddings_are_those_of_the_pretrainer_on_the_images_of_its_pipeline(layers, heads, images, tmp_path):
    path, parts = write_checkpoint(tmp_path / 'rice.pth', layers, heads=heads)
    model, samples, inputs = pretrainer(parts), [], []
    for image in images:
        resize = mmcv.transforms.Resize(scale=(64, 48))
        results = resize(dict(img=np.ascontiguousarray(image[..., ::-1]), gt_bboxes=BOXES.copy()))
        inputs.append(torch.from_numpy(results['img'].transpose(2, 0, 1).copy()))
        samples.append(RegionDataSample(gt_regions=InstanceData(bboxes=torch.from_numpy(results['gt_bboxes']))))
    data = model.data_preprocessor(dict(inputs=inputs, data_samples=samples))
    with torch.no_grad():
        rows = model.extract_regions(data['inputs'], [sample.gt_regions.bboxes for sample in data['data_samples']])
    found = RICERegionEncoder(path)(images, [BOXES, BOXES])
    assert found.shape == (6, 24) and (rows[0] - rows[1]).abs().max() > 0.05
    np.testing.assert_allclose(found, torch.nn.functional.normalize(rows, dim=1), atol=1e-3)


def test_an_image_gives_the_same_rows_alone_and_in_a_batch(images, tmp_path):
    encoder = RICERegionEncoder(write_checkpoint(tmp_path / 'rice.pth')[0])
    together = encoder(images, [BOXES, BOXES[:1]]).astype(np.float32)
    alone = np.concatenate([encoder(images[:1], [BOXES]), encoder(images[1:], [BOXES[:1]])]).astype(np.float32)
    np.testing.assert_allclose(together, alone, atol=1e-3)
    assert np.abs(together[0] - together[3]).max() > 0.05


def test_an_image_is_encoded_once_whatever_its_number_of_boxes(images, tmp_path):
    encoder = RICERegionEncoder(write_checkpoint(tmp_path / 'rice.pth')[0])
    passes = []
    encoder.load()['backbone'].register_forward_hook(lambda module, inputs, _: passes.append(tuple(inputs[0].shape)))
    assert len(encoder(images, [BOXES.repeat(9, 0), BOXES])) == 30 and passes == [(2, 3, 48, 64)]


@pytest.mark.parametrize('pool', ['region_transformer', 'roi_align', 'mean'])
def test_bfloat16_is_near_to_float32_with_every_pooling(pool, images, tmp_path):
    path, _ = write_checkpoint(tmp_path / 'rice.pth')
    options = dict(pool=pool, input_size=[64, 48])
    rows = [RICERegionEncoder(path, dtype=dtype, **options)([images[0]], [BOXES]).astype(np.float32)
            for dtype in ('float32', 'bfloat16')]
    assert 0 < np.abs(rows[0] - rows[1]).max() < 0.05


def test_mean_pooling_averages_the_tokens_of_a_box(images, tmp_path):
    path, parts = write_checkpoint(tmp_path / 'backbone.pth', neck=False)
    encoder = RICERegionEncoder(path, pool='mean')
    inputs = encoder.to_input([encoder.prepare(images[0], BOXES)], 'cpu')
    tokens = parts['backbone'](inputs)[-1][0, 1:].detach()
    masks = region_token_mask(torch.from_numpy(BOXES / 2), (6, 8), 8)
    expected = torch.stack([tokens[mask].mean(0) for mask in masks])
    found = encoder([images[0]], [BOXES])
    np.testing.assert_allclose(found, torch.nn.functional.normalize(expected, dim=1), atol=1e-3)


def test_roi_align_of_one_patch_is_between_its_token_and_its_neighbours(images, tmp_path):
    path, parts = write_checkpoint(tmp_path / 'backbone.pth', neck=False)
    encoder = RICERegionEncoder(path, pool='roi_align')
    inputs = encoder.to_input([encoder.prepare(images[0], BOXES)], 'cpu')
    maps = parts['backbone'](inputs)[-1][:, 1:].detach().transpose(1, 2).unflatten(2, (6, 8))
    box = torch.tensor([[2.5, 1.5, 3.5, 2.5]])  # in tokens, whose centres are at halves: between two in each direction
    expected = torch.nn.functional.avg_pool2d(maps, 2, 1)[0, :, 1, 2]
    found = encoder.features(inputs, [box * 8])[0]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(('side', 'size', 'letterbox'), [((96, 128), (64, 48), False), ((96, 128), (64, 64), True),
                                                          ((300, 500), (48, 64), False), ((300, 500), (64, 48), True)])
def test_image_and_boxes_are_resized_as_in_training(side, size, letterbox):
    coarse = np.random.default_rng(1).integers(0, 256, (9, 12, 3), np.uint8)
    image = cv2.resize(coarse, side[::-1], interpolation=cv2.INTER_CUBIC) // 2
    image[:, ::2] += 100  # finer than a small picture can show
    jpeg = cv2.imencode('.jpg', image)[1].tobytes()
    pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    boxes = np.concatenate([BOXES, np.float32([[0, 0, side[1], side[0]]])])
    transform = (RegionLetterbox if letterbox else RegionResize)(size)
    expected = transform(dict(jpeg=jpeg, img_shape=side, gt_bboxes=boxes.copy(), gt_kinds=np.zeros(4, np.int64)))
    found = fit(pixels, boxes, size, 114 if letterbox else None)
    np.testing.assert_allclose(found.boxes, expected['gt_bboxes'], atol=1e-4)
    left, top, right, bottom = found.boxes[-1].astype(int)
    inside = found.image[top:bottom, left:right].astype(int) - expected['img'][top:bottom, left:right]
    assert np.abs(inside).mean() < 2  # the codec averages a little otherwise
    found.image[top:bottom, left:right] = 114
    assert (found.image == 114).all() and found.image.shape == expected['img'].shape


def test_a_letterbox_of_the_training_is_taken_over(images, tmp_path):
    pipeline = [dict(type='mmrice.RegionLetterbox', scale=(64, 64), pad_val=7)]
    encoder = RICERegionEncoder(write_checkpoint(tmp_path / 'rice.pth', pipeline=pipeline)[0])
    assert encoder.load() and encoder.input_size == (64, 64) and encoder.pad_val == 7


def test_the_order_of_the_channels_is_that_of_training(images, tmp_path):
    preprocess = dict(mean=[1., 2., 3.], std=[4., 5., 6.], order='BGR')
    encoder = RICERegionEncoder(write_checkpoint(tmp_path / 'bgr.pth', preprocess=preprocess)[0], input_size=(128, 96))
    inputs = encoder.to_input([encoder.prepare(images[0], BOXES)], 'cpu')
    np.testing.assert_allclose(inputs[0, 0], (images[0][..., 2].astype(np.float32) - 1) / 4, rtol=1e-6)


def test_a_recipe_is_read_without_running_it():
    text = 'import os\nmodel = dict(a=[1, (2, 3)], b={"c-d": None})\nbad = os.getcwd()\nworse = dict(a=open("x"))'
    assert read_recipe(text) == {'model': {'a': [1, [2, 3]], 'b': {'c-d': None}}}
    assert find_resize(read_recipe('train_dataloader = dict(dataset=[dict(type="Resize", scale=(1.5, 2))])')) is None


@pytest.mark.parametrize(('checkpoint', 'options', 'message'), [
    (dict(neck=False), {}, "has no RegionTransformer. Set engine.embed.pool to 'roi_align' or 'mean'"),
    (dict(pipeline=()), {}, 'does not say the input_size of its training. Set engine.embed.input_size'),
    (dict(preprocess=None), {}, 'does not say the mean of its training'),
    ({}, dict(input_size=60), r'input_size is \(60, 60\), expected multiples of the patch .* 8 px'),
    ({}, dict(pool='max'), "pool is 'max', expected region_transformer, roi_align, mean")])
def test_what_nobody_says_is_asked_for(checkpoint, options, message, images, tmp_path):
    path, _ = write_checkpoint(tmp_path / 'rice.pth', **checkpoint)
    with pytest.raises(UserError, match=message):
        RICERegionEncoder(path, **options)(images[:1], [BOXES])


def test_the_fingerprint_follows_the_checkpoint(tmp_path):
    before = RICERegionEncoder(write_checkpoint(tmp_path / 'rice.pth')[0]).fingerprint()
    again = RICERegionEncoder(write_checkpoint(tmp_path / 'rice.pth')[0]).fingerprint()
    other = RICERegionEncoder(write_checkpoint(tmp_path / 'rice.pth', neck_layers=1)[0]).fingerprint()
    assert before == again != other


def test_missing_files_and_other_models_are_refused(images, tmp_path):
    with pytest.raises(UserError, match='none.pth: no such file'):
        RICERegionEncoder(str(tmp_path / 'none.pth')).fingerprint()
    torch.save({'state_dict': {'conv1.weight': torch.zeros(4, 3, 7, 7)}}, tmp_path / 'resnet.pth')
    with pytest.raises(UserError, match='resnet.pth: no RICEViT among its 1 keys'):
        RICERegionEncoder(str(tmp_path / 'resnet.pth'))(images[:1], [BOXES])
