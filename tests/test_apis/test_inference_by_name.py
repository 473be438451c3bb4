"""Inferencers of models that know their classes by name ask for those of the config, else of its data."""
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope

from mmrice.apis.inference import make_inferencer
from mmrice.testing.tiny_region_text import DIMS, parts

IMAGE = np.random.default_rng(0).integers(0, 255, (32, 40, 3), np.uint8)
HEAD = dict(type='mmrice.CostAggregationHead', in_channels=DIMS, embed_dims=16, num_heads=2, num_layers=1)


@pytest.mark.parametrize('kind', ['TextSegmentor', 'OpenVocabularySegmentor'])
def test_segments_have_the_names_that_were_asked_for(kind, tiny, tmp_path):
    pytest.importorskip('mmseg')
    cfg = Config.fromfile(tiny('mmseg'))
    head = dict(decode_head=HEAD) if kind.startswith('Open') else {}
    cfg.model = dict(type=f'mmrice.{kind}', pixel_neck=dict(type='mmrice.MaskPooling', in_channels=32,
                                                            out_channels=DIMS), **head,
                     data_preprocessor=dict(cfg.model.data_preprocessor, test_cfg=dict(size_divisor=8)),
                     **parts('backbone', 'text_encoder'))
    with DefaultScope.overwrite_default_scope('mmseg'):
        model = MODELS.build(cfg.model)
    torch.save(dict(state_dict=model.state_dict(), meta=dict(dataset_meta=dict(classes=['of', 'training', 'data']))),
               tmp_path / 'latest.pth')

    def names(**options):
        inferencer = make_inferencer(cfg, tmp_path / 'latest.pth', 'cpu', options)
        with torch.no_grad():
            asked = inferencer.host.model.encode_decode(torch.zeros(1, 3, 16, 16), [dict(img_shape=(16, 16))]).shape[1]
        return asked, {one['name'] for one in inferencer(IMAGE)['classes']}

    asked, found = names()
    assert asked == 2 and set() < found <= {'light', 'dark'}
    asked, found = names(**{'model.classes': ['cat', ['car', 'truck'], 'sky']})
    assert asked == 3 and set() < found <= {'cat', 'car', 'sky'}
