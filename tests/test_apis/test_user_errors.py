"""Unknown names come back with the nearest known one."""
import pytest
from mmengine.registry import DATASETS, HOOKS, MODELS, TRANSFORMS, DefaultScope

from mmrice.apis.user_errors import user_errors
from mmrice.utils import UserError


@pytest.mark.parametrize(('scope', 'registry', 'name', 'near'), [
    ('mmdet', MODELS, 'FasterRCN', 'FasterRCNN'),
    ('mmdet', MODELS, 'mmrice.RICEVit', 'mmrice.RICEViT'),
    ('mmseg', MODELS, 'RICEViT', 'mmrice.RICEViT'),
    ('mmseg', MODELS, 'UPerHeed', 'UPerHead'),
    ('mmpretrain', TRANSFORMS, 'LoadImageFromFil', 'LoadImageFromFile'),
    ('mmpretrain', DATASETS, 'mmrice.RegionShardDatset', 'mmrice.RegionShardDataset'),
    ('mmdet', HOOKS, 'CheckpointHok', 'CheckpointHook'),
])
def test_unknown_type_suggests_the_nearest(scope, registry, name, near):
    with DefaultScope.overwrite_default_scope(scope), pytest.raises(UserError) as error, user_errors():
        registry.build(dict(type=name))
    assert f"type='{name}'" in str(error.value)
    assert f"Did you mean '{near}'?" in str(error.value)


def test_missing_host_comes_with_its_install_command():
    with pytest.raises(UserError, match='needs mmdet.models, which is not installed.*pip install'), user_errors():
        raise ModuleNotFoundError("No module named 'mmdet.models'", name='mmdet.models')


def test_other_errors_pass_unchanged():
    with pytest.raises(KeyError, match='bbox'), user_errors():
        raise KeyError('bbox')


def test_argument_that_a_class_does_not_take_is_named():
    with pytest.raises(UserError, match="gives RICEViT a field 'patchsize', which it does not take"), user_errors():
        MODELS.build(dict(type='mmrice.RICEViT', patchsize=8))
