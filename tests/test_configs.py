"""Every config loads, builds, survives a dump, and is what its name says."""
import re
from copy import deepcopy
from functools import cache
from pathlib import Path

import pytest
import torch
from mmengine import registry as roots
from mmengine.config import Config
from mmengine.registry import DefaultScope

import mmrice  # noqa: F401 before any host: it supplies what they lack

ROOT = Path(__file__).resolve().parents[1]
EVERY = sorted(path.relative_to(ROOT).as_posix()
               for pattern in ('configs/**/*.py', 'projects/*/configs/**/*.py') for path in ROOT.glob(pattern))
BASES = [path for path in EVERY if '/_base_/' in path]
CONFIGS = [path for path in EVERY if '/_base_/' not in path]
DATA_CONFIGS = [path for path in CONFIGS if path.startswith('configs/data_engine/')]
TRAINING = [path for path in CONFIGS if path not in DATA_CONFIGS]
MODELS_BY_NAME = {'cascade-mask-rcnn': 'CascadeRCNN', 'cascade-rcnn': 'CascadeRCNN', 'dino': 'DINO',
                  'faster-rcnn': 'FasterRCNN', 'knn': 'KNNClassifier', 'linear': 'EncoderDecoder', 'mlcd': 'MLCD',
                  'linear-cls': 'ImageClassifier', 'mask-rcnn': 'MaskRCNN', 'mask2former': 'Mask2Former',
                  'referring': 'ReferringSegmentor', 'retrieval': 'ImageRetriever', 'rice': 'RICE', 'uniform': 'RICE',
                  'upernet': 'EncoderDecoder'}
DATA_BY_NAME = {'ade20k': 'data/ade/', 'ade20k-panoptic': 'data/ADEChallengeData2016', 'cityscapes': 'data/cityscapes',
                **dict.fromkeys(('coco', 'refcoco', 'refcocog', 'refcocoplus'), 'data/coco'), 'rf100vl': 'data/rf100vl',
                'in1k': 'data/imagenet', 'inshop': 'data/inshop', 'lvis': 'data/lvis_v1', 'voc12aug': 'data/VOCdevkit',
                'mini': 'data/mini/', 'mini-trees': 'data/mini/trees', 'mini-scenes': 'data/mini/scenes',
                'laion400m': 'data/laion400m/', 'region-shards': 'data/region_shards', 'table': 'data/transfer_table/'}
TRANSFER = re.compile(r'configs/(detection|segmentation|panoptic|referring)/')
NUM_IMAGES = {'laion400m': 389_737_314}


@pytest.fixture(autouse=True)
def project_on_path(request, monkeypatch):
    """A project's own types are found in its own folder."""
    path = Path(getattr(request.node, 'callspec', None) and request.node.callspec.params.get('path', '') or '')
    if path.parts[:1] == ('projects', ):
        monkeypatch.syspath_prepend(str(ROOT.joinpath(*path.parts[:2])))


@cache
def read(path):
    return Config.fromfile(ROOT / path)


@pytest.fixture
def cfg(path):
    return deepcopy(read(path))


def typed(value):
    """Yield the dicts with a type, outermost first."""
    if isinstance(value, dict):
        if 'type' in value:
            yield value
        for child in value.values():
            yield from typed(child)
    elif isinstance(value, (list, tuple)):
        for child in value:
            yield from typed(child)


def datasets(value):
    """Yield datasets, outermost first: those inside a wrapper, too."""
    for item in value if isinstance(value, list) else [value]:
        yield item
        yield from datasets(item.get('datasets') or item.get('dataset') or [])


def resolves(registry, cfg, scope):
    """Whether the registry that a runner would ask knows the type."""
    with registry.switch_scope_and_registry(cfg.get('_scope_') or scope) as switched:
        return switched.get(cfg['type']) is not None


def test_listing_equals_what_the_metafiles_say():
    listed = []
    for metafile in Config.fromfile(ROOT / 'model-index.yml')['Import']:
        models = Config.fromfile(ROOT / metafile)['Models']
        listed += [model['Config'] for model in models]
        assert [model['Name'] for model in models] == [Path(model['Config']).stem for model in models]
        assert all(Path(model['Config']).parent == Path(metafile).parent for model in models)
    assert len(listed) == 57
    assert sorted(listed) == [path for path in TRAINING if path.startswith('configs/')]
    assert len(BASES) >= 20 and len(DATA_CONFIGS) >= 2
    assert sum(path.startswith('projects/') for path in TRAINING) == 8


def test_every_folder_of_training_configs_has_its_metafile_in_the_index():
    imported = set(Config.fromfile(ROOT / 'model-index.yml')['Import'])
    assert imported == {f'{Path(path).parent}/metafile.yml' for path in TRAINING if path.startswith('configs/')}


@pytest.mark.parametrize('path', EVERY)
def test_config_is_short_and_says_what_it_is(path):
    lines = (ROOT / path).read_text().splitlines()
    assert len(lines) <= (110 if '/_base_/' in path else 60)
    assert re.match(r'# \w.{20,}', lines[0]), lines[0]


@pytest.mark.parametrize('path', CONFIGS)
def test_config_dumps_and_reloads_unchanged(path, cfg, tmp_path):
    cfg.dump(tmp_path / 'dumped.py')
    assert Config.fromfile(tmp_path / 'dumped.py').to_dict() == cfg.to_dict()


@pytest.mark.parametrize('path', TRAINING)
def test_model_builds(path, cfg):
    for table in (cfg.model.get('head') or {}).values():  # a million centres take four gigabytes
        if isinstance(table, dict) and table.get('num_classes', 0) > 1000:
            table.num_classes = 1000
    with DefaultScope.overwrite_default_scope(cfg.default_scope), torch.device('meta'):
        model = roots.MODELS.build(cfg.model)
        assert sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad) > 0


@pytest.mark.parametrize('path', TRAINING)
def test_pipelines_build(path, cfg):
    pipelines = [item['pipeline'] for split in ('train', 'val', 'test')
                 for item in typed(cfg.get(f'{split}_dataloader')) if item.get('pipeline')]
    assert len(pipelines) >= 1
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        for pipeline in pipelines:
            assert all(callable(roots.TRANSFORMS.build(transform)) for transform in pipeline)


@pytest.mark.parametrize('path', TRAINING)
def test_types_outside_the_model_are_known(path, cfg):
    wanted = [(roots.HOOKS, hook) for hook in [*cfg.get('custom_hooks', []), *cfg.default_hooks.values()] if hook]
    wanted += [(roots.PARAM_SCHEDULERS, scheduler) for scheduler in cfg.get('param_scheduler', [])]
    wanted += [(roots.VISUALIZERS, cfg.visualizer)]
    if cfg.get('train_dataloader'):  # else it is a test without training
        wanted += [(roots.OPTIM_WRAPPERS, cfg.optim_wrapper), (roots.OPTIMIZERS, cfg.optim_wrapper.optimizer)]
    for split in ('train', 'val', 'test'):
        loader = cfg.get(f'{split}_dataloader')
        if loader:
            wanted += [(roots.DATASETS, dataset) for dataset in datasets(loader.dataset)]
            wanted += [(roots.DATA_SAMPLERS, loader.sampler)]
        evaluators = cfg.get(f'{split}_evaluator') or []
        wanted += [(roots.METRICS, item) for item in ([evaluators] if isinstance(evaluators, dict) else evaluators)]
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        unknown = [item['type'] for registry, item in wanted
                   if 'type' in item and not resolves(registry, item, cfg.default_scope)]
    assert unknown == []
    assert len(wanted) >= 8


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
    if algorithm in ('knn', 'retrieval'):  # nothing is trained
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
    part = cfg.model.get('neck') or cfg.model.decode_head
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


@pytest.mark.parametrize('path', [path for path in TRAINING if '/rice/' in path])
def test_continuation_takes_the_weights_of_a_config_that_exists(path, cfg):
    assert ('1b-samples' in path) == (cfg.load_from is not None)
    if cfg.load_from:
        before, = (other for other in TRAINING if Path(other).stem == cfg.load_from.split('/')[1])
        before = Config.fromfile(ROOT / before)
        assert before.model.backbone.arch == cfg.model.backbone.arch
        assert before.model.head == cfg.model.head
        assert before.auto_scale_lr == cfg.auto_scale_lr
        assert before.train_dataloader.dataset.datasets[0].pipeline[1].scale < (
            cfg.train_dataloader.dataset.datasets[0].pipeline[1].scale)


@pytest.mark.parametrize('path', [path for path in TRAINING if '/rice/' in path or '/mlcd/' in path])
def test_memory_in_the_header_is_what_the_tool_computes(path, cfg):
    from mmrice.apis.memory import report_memory
    gpus, = re.findall(r'_(\d+)xb', path)
    stated, = re.findall(r'# Memory a GPU, computed by get_memory.py: (\d+) GiB', (ROOT / path).read_text())
    assert int(stated) == round(report_memory(cfg, int(gpus)).total / 2**30)


@pytest.mark.parametrize('path', [path for path in TRAINING if '/rice/' in path])
def test_ocr_images_are_never_flipped_or_cut_in_the_recipes(path, cfg):
    objects, words = datasets(cfg.train_dataloader.dataset.datasets)
    assert (objects.kinds, words.kinds) == (['object'], ['ocr'])
    assert 'mmrice.RandomRegionFlip' in [step.type for step in objects.pipeline]
    assert not [step.type for step in words.pipeline if 'Flip' in step.type or 'Crop' in step.type]


@pytest.mark.parametrize('path', TRAINING)
def test_host_is_the_default_scope_and_our_types_carry_their_prefix(path, cfg):
    from mmrice import registry
    assert cfg.default_scope in ('mmdet', 'mmseg', 'mmpretrain')
    ours = set()
    for value in (registry.MODELS, registry.DATASETS, registry.TRANSFORMS):
        ours.update(value.known())
    assert not [item['type'] for item in typed(cfg.to_dict()) if item['type'] in ours]
    assert all(isinstance(item['type'], str) for item in typed(cfg.to_dict()))
