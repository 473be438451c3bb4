"""Every encoder of configs/_base_/backbones stands in for RICE where one line of a config names it."""
import re
from pathlib import Path

import pytest
import torch
from mmengine import registry as roots
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmrice.testing.reduced import ARCH, encoder_options

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
PEERS = sorted(path.stem for path in (CONFIGS / '_base_' / 'backbones').glob('*.py')
               if not path.stem.startswith('rice'))
TASKS = {  # a dense probe of each host
    16: ['detection/cascade-mask-rcnn_frozen-rice-vit-base-p16_8xb2-1x_coco-512px',
         'segmentation/linear_frozen-rice-vit-base-p16_2xb8-coslr-40k_ade20k-512px'],
    14: ['detection/cascade-mask-rcnn_frozen-dinov2-vit-base-p14_8xb2-1x_coco-518px',
         'segmentation/linear_frozen-rice-vit-large-p14_2xb8-coslr-40k_ade20k-448px'],
}
WIDTHS = dict(base=768, large=1024)


def patch_of(peer):
    return int(re.search(r'-p(\d+)', peer)[1])


def with_peer(task, peer):
    """The config with its one line replaced."""
    text = (CONFIGS / f'{task}.py').read_text()
    text, count = re.subn(r"'\.\./_base_/backbones/[\w-]+\.py'", f"'{CONFIGS}/_base_/backbones/{peer}.py'", text)
    assert count == 1
    text = text.replace("'../_base_", f"'{CONFIGS}/_base_")
    return Config.fromstring(text, '.py')


def build(cfg, scope):
    with DefaultScope.overwrite_default_scope(scope):
        return roots.MODELS.build(cfg)


def images_for(peer):
    return torch.zeros(2, 3, 3 * patch_of(peer), 2 * patch_of(peer))


@pytest.mark.parametrize('task, peer', [(task, peer) for peer in PEERS for task in TASKS[patch_of(peer)]])
def test_a_peer_is_one_changed_line_of_a_dense_probe(task, peer):
    cfg = with_peer(task, peer)
    part = 'neck' if 'neck' in cfg.model else 'decode_head'
    width, preprocessor = WIDTHS[re.search(r'vit-(\w+)-', peer)[1]], cfg.model.data_preprocessor
    assert cfg.model[part].in_channels == width
    assert (preprocessor.mean, preprocessor.std) == (cfg.mean, cfg.std)
    with torch.device('meta'):
        assert build(cfg.model.backbone, cfg.default_scope).backbone.embed_dims == width
    cfg.merge_from_dict({**encoder_options(cfg.model.backbone.backbone, 'model.backbone.backbone'),
                         f'model.{part}.in_channels': ARCH['embed_dims']})
    features = build(cfg.model.backbone, cfg.default_scope)(images_for(peer))
    assert features[-1].shape == (2, ARCH['embed_dims'], 3, 2)
    outputs = build(cfg.model[part], cfg.default_scope)(features)
    assert len(outputs) == 5 if part == 'neck' else outputs.shape == (2, 150, 3, 2)


@pytest.mark.parametrize('peer', PEERS)
def test_a_peer_gives_embeddings_of_whole_images_as_well(peer):
    cfg = Config.fromfile(CONFIGS / '_base_' / 'backbones' / f'{peer}.py')
    cfg.merge_from_dict(encoder_options(cfg.backbone, 'backbone'))
    frozen = build(dict(type='mmrice.FrozenBackbone', out_type='cls_token', backbone=cfg.backbone), 'mmpretrain')
    assert [level.shape for level in frozen(images_for(peer))] == [(2, ARCH['embed_dims'])]


def test_peers_of_every_family_are_there():
    assert {peer.split('_')[0] for peer in PEERS} == {'clip', 'dinov2', 'dinov3', 'mae', 'mlcd', 'siglip'}
