"""A config keeps what its name promises: algorithm, model, hardware, batch, length, data and size."""
import re
from copy import deepcopy
from pathlib import Path

import pytest

from mmrice.testing.config_files import TRAINING, datasets, read

MODELS_BY_NAME = {'cascade-mask-rcnn': 'CascadeRCNN', 'cascade-rcnn': 'CascadeRCNN', 'clip': 'CLOC', 'cloc': 'CLOC',
                  'cost-aggregation': 'OpenVocabularySegmentor', 'dino': 'DINO', 'faster-rcnn': 'FasterRCNN',
                  'grounding': 'RegionTextMatcher', 'knn': 'KNNClassifier', 'image-tags': 'ZeroShotClassifier',
                  'image-text': 'RegionTextMatcher', 'linear': 'EncoderDecoder', 'linear-cls': 'ImageClassifier',
                  'mask-rcnn': 'MaskRCNN', 'mask2former': 'Mask2Former', 'mlcd': 'MLCD',
                  'referring': 'ReferringSegmentor', 'region-recognition': 'RegionRecognizer',
                  'region-knn': 'RegionKNN', 'fcos': 'FCOS', 'region-text': 'RegionTextMatcher',
                  'retrieval': 'ImageRetriever', 'rice': 'RICE', 'uniform': 'RICE', 'text-seg': 'TextSegmentor',
                  'umg-clip': 'UMGCLIP', 'umg-clip-rice': 'UMGCLIP', 'upernet': 'EncoderDecoder',
                  'zero-shot-cls': 'ZeroShotClassifier'}
DATA_BY_NAME = {'ade20k': 'data/ade/', 'ade20k-panoptic': 'data/ADEChallengeData2016', 'cityscapes': 'data/cityscapes',
                **dict.fromkeys(('coco', 'refcoco', 'refcocog', 'refcocoplus'), 'data/coco'), 'rf100vl': 'data/rf100vl',
                'in1k': 'data/imagenet', 'inshop': 'data/inshop', 'lvis': 'data/lvis_v1', 'voc12aug': 'data/VOCdevkit',
                'voc07': 'data/VOC2007', 'coco-stuff164k': 'data/coco_stuff164k',
                'mini': 'data/mini/', 'mini-texts': 'data/mini/texts', 'mini-umg': 'data/mini/umg',
                'mini-trees': 'data/mini/trees',
                'mini-scenes': 'data/mini/scenes', 'laion400m': 'data/laion400m/',
                'region-shards': 'data/region_shards', 'text-shards': 'data/text_shards',
                'umg-shards': 'data/umg_shards',
                'table': 'data/transfer_table/', 'cloc-table': 'data/cloc_table/',
                'scaled': 'data/scaled_rice/cpu/', 'umg-table': 'data/umg_table/'}
TRANSFER = re.compile(r'configs/(detection|segmentation|panoptic|referring)/')
NUM_IMAGES = {'laion400m': 389_737_314}


@pytest.fixture
def cfg(path):
    return deepcopy(read(path))


@pytest.mark.parametrize('path', TRAINING)
def test_name_keeps_its_promises(path, cfg):
    algorithm, *words = Path(path).stem.split('_')
    architecture, = re.findall(r'vit-(mini|tiny|small|base|large|giga)', path)
    assert ('frozen' in path) == (cfg.model.backbone.type == 'mmrice.FrozenBackbone')
    encoder = cfg.model.backbone.get('backbone') or cfg.model.backbone
    width = dict(base=768, large=1024).get(architecture)
    assert encoder.config.hidden_size == width if 'config' in encoder else architecture in (encoder.arch, 'mini')
    assert cfg.model.type.rpartition('.')[2] == MODELS_BY_NAME[algorithm]
    data = next(name for word in words for name in sorted(DATA_BY_NAME, key=len, reverse=True)
                if word == name or word.startswith(f'{name}-'))
    loader = cfg.get('train_dataloader') or cfg.test_dataloader
    roots_of_data = [dataset.data_root for dataset in datasets(loader.dataset) if 'data_root' in dataset]
    assert roots_of_data and all(DATA_BY_NAME[data] in root for root in roots_of_data)
    if not cfg.get('train_dataloader'):  # nothing is trained
        return
    mixed = cfg.optim_wrapper.type.endswith('AmpOptimWrapper')
    if 'amp' in re.split('[-_]', Path(path).stem):
        assert mixed
    else:  # only where it costs nothing to any machine
        assert not mixed or cfg.optim_wrapper.only_if_fast
    gpus = re.findall(r'_(\d+)xb(\d+)', path)
    expected = [int(number) * int(batch) for number, batch in gpus] or [cfg.train_dataloader.batch_size]
    assert [cfg.auto_scale_lr.base_batch_size] == expected
    assert all(int(batch) == cfg.train_dataloader.batch_size for _, batch in gpus)


@pytest.mark.parametrize('path', [path for path in TRAINING if '/rice/' in path or '/mlcd/' in path])
def test_sizes_and_length_in_the_name_are_kept(path, cfg):
    batch = cfg.auto_scale_lr.base_batch_size
    samples = [int(number) * 1e9 for number in re.findall(r'-(\d+)b-samples_', path)]
    samples += [int(number) * NUM_IMAGES[data] for number, data in re.findall(r'-(\d+)e_([a-z0-9]+)-', path)]
    (samples, ), (side, ), (patch, ) = samples, re.findall(r'-(\d+)px', path), re.findall(r'-p(\d+)_', path)
    assert 0 <= cfg.train_cfg.max_iters * batch - samples < batch
    assert cfg.param_scheduler[-1].end == cfg.train_cfg.max_iters
    assert ('coslr' in path) == (cfg.param_scheduler[-1].type == 'CosineAnnealingLR')
    for dataset in datasets(cfg.train_dataloader.dataset):
        scales = [step.scale for step in dataset.get('pipeline', []) if 'scale' in step]
        assert scales == [(int(side), int(side))] or 'datasets' in dataset
    assert cfg.model.backbone.patch_size == cfg.model.data_preprocessor.pad_size_divisor == int(patch)
    assert int(side) % int(patch) == 0
    assert cfg.model.neck.get('patch_size', int(patch)) == int(patch)


@pytest.mark.parametrize('path', [path for path in TRAINING if TRANSFER.search(path)])
def test_patch_size_and_length_in_the_name_of_a_transfer_config_are_kept(path, cfg):
    (architecture, patch), = re.findall(r'vit-(base|large)-p(\d+)', path)
    encoder, width = cfg.model.backbone.get('backbone') or cfg.model.backbone, dict(base=768, large=1024)[architecture]
    assert encoder.get('config', encoder).patch_size == int(patch)
    part = cfg.model.get('neck') or cfg.model.get('pixel_neck') or cfg.model.decode_head
    assert part.get('in_channels', part.get('embed_dim')) == width
    iterations, epochs = re.findall(r'-(\d+)k_', path), re.findall(r'-(\d+)e_', path)
    if iterations:
        assert cfg.train_cfg.max_iters == int(iterations[0]) * 1000
    elif epochs and 'max_epochs' in cfg.train_cfg:
        assert cfg.train_cfg.max_epochs == int(epochs[0])
    elif epochs:
        assert round(cfg.train_cfg.max_iters * cfg.auto_scale_lr.base_batch_size / 118_000) == int(epochs[0])
    else:
        assert '-1x_' in path and cfg.train_cfg.max_epochs == 12 or 'max_iters' in cfg.train_cfg
