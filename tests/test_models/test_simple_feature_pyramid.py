"""SimpleFeaturePyramid: sizes, where each level looks, and float32 maps under autocast."""
import pytest
import torch

from mmrice.models import SimpleFeaturePyramid
from mmrice.utils import UserError


def test_levels_have_vitdets_sizes_from_high_to_low_resolution():
    levels = SimpleFeaturePyramid(16, 8)((torch.rand(2, 16, 6, 10), ))
    assert [tuple(level.shape) for level in levels] == [
        (2, 8, 24, 40), (2, 8, 12, 20), (2, 8, 6, 10), (2, 8, 3, 5), (2, 8, 2, 3)]


def test_only_the_last_map_of_the_backbone_is_used():
    neck = SimpleFeaturePyramid(16, 8, scales=(1, ), num_extra_levels=0)
    last = torch.rand(1, 16, 4, 4)
    assert torch.equal(neck((torch.rand(1, 16, 4, 4), last))[0], neck((last, ))[0])


def test_a_level_changes_only_near_what_changed_in_the_map():
    neck = SimpleFeaturePyramid(16, 8, scales=(4, 1), num_extra_levels=0)
    first = torch.rand(1, 16, 8, 8)
    second = first.clone()
    second[..., 7, 7] += 1
    for before, after, factor in zip(neck((first, )), neck((second, )), (4, 1)):
        changed = (before != after).any(1)[0]
        assert changed[7 * factor:, 7 * factor:].all() and not changed[:6 * factor].any()


def test_maps_are_float32_under_bf16_autocast():
    neck = SimpleFeaturePyramid(16, 8)
    with torch.autocast('cpu', torch.bfloat16):
        assert {level.dtype for level in neck((torch.rand(1, 16, 4, 4), ))} == {torch.float32}


def test_an_unknown_scale_is_named():
    with pytest.raises(UserError, match='scale 3 is none of'):
        SimpleFeaturePyramid(16, scales=(3, ))
