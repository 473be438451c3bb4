"""Feature pyramids: equality with functionals, sizes, where each level looks, and detectors on odd grids."""
import copy

import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.registry import MODELS as ROOT_MODELS
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData

import mmrice  # noqa: F401 before any host
from mmrice.models.backbones import RICEViT
from mmrice.models.necks import PoolFeaturePyramid, SimpleFeaturePyramid
from mmrice.testing.fixtures import tiny  # noqa: F401
from mmrice.utils import UserError

TINY = dict(embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=16)
NECKS = {
    'deconv': dict(type='mmrice.SimpleFeaturePyramid', in_channels=16, out_channels=16),
    'pool': dict(type='mmrice.PoolFeaturePyramid', in_channels=16, out_channels=16)
}


def norm(x, weight, bias):
    mean = x.mean(1, keepdim=True)
    variance = (x - mean).square().mean(1, keepdim=True)
    return (x - mean) / (variance + 1e-6).sqrt() * weight[:, None, None] + bias[:, None, None]


def project_and_smooth(x, project, gain, offset, smooth, last_gain, last_offset):
    return norm(F.conv2d(norm(F.conv2d(x, project), gain, offset), smooth, padding=1), last_gain, last_offset)


def randomised(neck):
    """Norms and biases are no longer the identity, so that a missing one shows."""
    for parameter in neck.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return neck


def test_deconv_pyramid_equals_vitdets_written_in_functionals():
    torch.manual_seed(0)
    neck = randomised(SimpleFeaturePyramid(16, 8))
    x = torch.randn(2, 16, 6, 10) * 1e-3  # as small as the epsilon of the norms, so that it counts
    four, two, one, half = (list(level.parameters()) for level in neck.levels)
    up = F.conv_transpose2d(x, four[0], four[1], stride=2)
    expected = [
        project_and_smooth(F.conv_transpose2d(F.gelu(norm(up, *four[2:4])), four[4], four[5], stride=2), *four[6:]),
        project_and_smooth(F.conv_transpose2d(x, two[0], two[1], stride=2), *two[2:]),
        project_and_smooth(x, *one),
        project_and_smooth(x.unfold(2, 2, 2).unfold(3, 2, 2).amax((-2, -1)), *half)
    ]
    expected.append(expected[-1][..., ::2, ::2])
    torch.testing.assert_close(neck((x, )), tuple(expected), rtol=1e-4, atol=1e-4)
    assert [tuple(p.shape) for p in four] == [(16, 8, 2, 2), (8, ), (8, ), (8, ), (8, 4, 2, 2), (4, ),
                                              (8, 4, 1, 1), (8, ), (8, ), (8, 8, 3, 3), (8, ), (8, )]


def test_pool_pyramid_equals_resampling_by_hand_then_projecting():
    torch.manual_seed(0)
    neck = randomised(PoolFeaturePyramid(16, 8))
    x = torch.randn(2, 16, 8, 12) * 1e-3
    resampled = [
        x.repeat_interleave(4, 2).repeat_interleave(4, 3),
        x.repeat_interleave(2, 2).repeat_interleave(2, 3), x,
        x.unflatten(2, (4, 2)).unflatten(4, (6, 2)).amax((3, 5)),
        x.unflatten(2, (2, 4)).unflatten(4, (3, 4)).amax((3, 5))
    ]
    expected = tuple(project_and_smooth(each, *level.parameters()) for each, level in zip(resampled, neck.levels))
    torch.testing.assert_close(neck((x, )), expected, rtol=1e-4, atol=1e-4)
    kinds = {type(module).__name__ for module in neck.modules() if list(module.parameters(recurse=False))}
    assert kinds == {'Conv2d', 'LayerNorm2d'}


@pytest.mark.parametrize('kind', NECKS)
def test_with_a_norm_before_it_scale_and_common_part_of_the_channels_do_not_count(kind):
    torch.manual_seed(0)
    cfg = {**NECKS[kind], 'in_norm_cfg': dict(type='BN')}
    neck = randomised(ROOT_MODELS.build(cfg))
    x = torch.randn(4, 16, 6, 10)
    outputs = neck((x * torch.rand(16, 1, 1).add(1) * 100 + 7 * torch.randn(16, 1, 1), ))
    torch.testing.assert_close(outputs, neck((x, )), rtol=1e-3, atol=1e-3)
    plain = ROOT_MODELS.build(NECKS[kind])
    plain.load_state_dict({name: value for name, value in neck.state_dict().items() if not name.startswith('in_norm')})
    expected = F.batch_norm(x, None, None, neck.in_norm.weight, neck.in_norm.bias, training=True)
    torch.testing.assert_close(neck((x, )), plain((expected, )))


@pytest.mark.parametrize('kind', NECKS)
@pytest.mark.parametrize('grid, expected', [
    ((6, 10), [(24, 40), (12, 20), (6, 10), (3, 5), (2, 3)]),
    ((7, 9), [(28, 36), (14, 18), (7, 9), (4, 5), (2, 3)]),
    ((1, 5), [(4, 20), (2, 10), (1, 5), (1, 3), (1, 2)]),
])
def test_sizes_go_from_high_to_low_resolution_and_are_rounded_up(kind, grid, expected):
    levels = ROOT_MODELS.build(dict(NECKS[kind]))((torch.rand(2, 16, *grid), ))
    assert [tuple(level.shape) for level in levels] == [(2, 16, *size) for size in expected]


@pytest.mark.parametrize('pyramid', [SimpleFeaturePyramid, PoolFeaturePyramid])
def test_only_the_last_map_of_the_backbone_is_used(pyramid):
    neck = pyramid(16, 8, scales=(1, ), num_extra_levels=0)
    last = torch.rand(1, 16, 4, 4)
    assert torch.equal(neck((torch.rand(1, 16, 4, 4), last))[0], neck((last, ))[0])


@pytest.mark.parametrize('pyramid', [SimpleFeaturePyramid, PoolFeaturePyramid])
def test_a_level_changes_only_near_what_changed_in_the_map(pyramid):
    neck = pyramid(16, 8, scales=(4, 1, 0.5), num_extra_levels=0)
    first = torch.rand(1, 16, 9, 9)
    second = first.clone()
    second[..., 8, 8] += 1
    for before, after, (start, clear) in zip(neck((first, )), neck((second, )), ((32, 28), (8, 7), (4, 3))):
        changed = (before != after).any(1)[0]
        assert changed[start:, start:].all() and not changed[:clear].any() and not changed[:, :clear].any()


@pytest.mark.parametrize('pyramid', [SimpleFeaturePyramid, PoolFeaturePyramid])
def test_maps_are_float32_under_bf16_autocast(pyramid):
    neck = pyramid(16, 8)
    with torch.autocast('cpu', torch.bfloat16):
        assert {level.dtype for level in neck((torch.rand(1, 16, 4, 4), ))} == {torch.float32}


@pytest.mark.parametrize('pyramid', [SimpleFeaturePyramid, PoolFeaturePyramid])
def test_an_unknown_scale_is_named(pyramid):
    with pytest.raises(UserError, match=f'{pyramid.__name__}: scale 3 is none of 4, 2, 1, 0.5, 0.25'):
        pyramid(16, scales=(3, ))


@pytest.mark.parametrize('kind', NECKS)
def test_a_frozen_backbone_gets_no_gradient_and_the_whole_pyramid_learns(kind):
    backbone = RICEViT(TINY, patch_size=8, out_type='featmap', frozen_stages=2).train()
    neck = ROOT_MODELS.build(dict(NECKS[kind]))
    maps = backbone(torch.rand(1, 3, 56, 72))
    assert not maps[-1].requires_grad
    sum((level * torch.rand_like(level)).sum() for level in neck(maps)).backward()
    assert all(parameter.grad is None for parameter in backbone.parameters())
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in neck.parameters())


def detector(config, neck, patch_size):
    """A tiny Faster R-CNN whose input is padded to whole patches and no further."""
    cfg = Config.fromfile(config).model
    cfg.backbone = dict(type='mmrice.RICEViT', arch=TINY, patch_size=patch_size, out_type='featmap')
    cfg.neck = dict(neck)
    cfg.data_preprocessor.pad_size_divisor = patch_size
    cfg.rpn_head.anchor_generator.strides = strides(patch_size)
    cfg.roi_head.bbox_roi_extractor.featmap_strides = strides(patch_size)[:4]
    with DefaultScope.overwrite_default_scope('mmdet'):
        return ROOT_MODELS.build(cfg)


def strides(patch_size):
    return [patch_size / 4 * 2**level for level in range(5)]


@pytest.mark.parametrize('patch_size', [16, 14])
@pytest.mark.parametrize('kind', NECKS)
def test_a_detector_trains_and_predicts_on_an_odd_grid(tiny, kind, patch_size):  # noqa: F811
    from mmdet.structures import DetDataSample
    torch.manual_seed(0)
    model = detector(tiny('mmdet'), NECKS[kind], patch_size)
    height, width = 7 * patch_size - 3, 9 * patch_size - 5
    sample = DetDataSample(metainfo=dict(img_shape=(height, width), ori_shape=(height, width), scale_factor=(1., 1.)))
    corner = torch.tensor([[width - 30., height - 40., width, height], [2., 3., 20., 90.]])
    sample.gt_instances = InstanceData(bboxes=corner, labels=torch.tensor([0, 1]))
    data = dict(inputs=[torch.randint(0, 255, (3, height, width), dtype=torch.uint8)], data_samples=[sample])

    losses = model(**model.data_preprocessor(copy.deepcopy(data), training=True), mode='loss')
    total = model.parse_losses(losses)[0]
    total.backward()
    assert torch.isfinite(total) and model.backbone.patch_embed.weight.grad.abs().sum() > 0
    model.eval()
    with torch.no_grad():
        boxes = model.test_step(data)[0].pred_instances.bboxes
    assert len(boxes) > 0 and torch.isfinite(boxes).all() and boxes[:, 2].max() <= width


@pytest.mark.parametrize('kind', NECKS)
def test_the_anchors_of_every_level_cover_the_whole_of_an_odd_grid(tiny, kind):  # noqa: F811
    model = detector(tiny('mmdet'), NECKS[kind], 16)
    image = torch.rand(1, 3, 7 * 16, 9 * 16)
    sizes = [level.shape[-2:] for level in model.extract_feat(image)]
    for boxes, stride in zip(model.rpn_head.prior_generator.grid_priors(sizes, device='cpu'), strides(16)):
        last = (boxes[:, :2] + boxes[:, 2:]).amax(0) / 2
        size = torch.tensor([9. * 16, 7. * 16])
        assert (last < size).all() and (last + stride >= size).all()
