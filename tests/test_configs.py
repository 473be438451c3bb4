"""Every config loads, builds, survives a dump, and is what its name says."""
import re
from copy import deepcopy
from pathlib import Path

import pytest
import torch
from mmengine import registry as roots
from mmengine.config import Config
from mmengine.registry import DefaultScope

import mmrice  # noqa: F401 before any host: it supplies what they lack
from mmrice.testing.config_files import BASES, CONFIGS, DATA_CONFIGS, EVERY, ROOT, TRAINING, datasets, read, typed


@pytest.fixture(autouse=True)
def project_on_path(request, monkeypatch):
    """A project's own types are found in its own folder."""
    path = Path(getattr(request.node, 'callspec', None) and request.node.callspec.params.get('path', '') or '')
    if path.parts[:1] == ('projects', ):
        monkeypatch.syspath_prepend(str(ROOT.joinpath(*path.parts[:2])))


@pytest.fixture
def cfg(path):
    return deepcopy(read(path))


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
    assert len(listed) == 94
    assert sorted(listed) == [path for path in TRAINING if path.startswith('configs/')]
    assert len(BASES) >= 20 and len(DATA_CONFIGS) >= 2
    assert sum(path.startswith('projects/') for path in TRAINING) == 36


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
    heads = [cfg.model.get('head') or {}, cfg.model.get('cluster_head') or {}]
    for table in [table for head in heads for table in head.values()]:  # a million centres take four gigabytes
        if isinstance(table, dict) and table.get('num_classes', 0) > 1000:
            table.num_classes = 1000
    if 'tags' in cfg.model:  # which tools/build_region_data.py writes
        cfg.model.tags.names = ['dog', 'cat']
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
        if isinstance(evaluators, dict) and 'metrics' in evaluators:  # one metric for each of several datasets
            wanted, evaluators = [*wanted, (roots.EVALUATOR, evaluators)], evaluators.metrics
        wanted += [(roots.METRICS, item) for item in ([evaluators] if isinstance(evaluators, dict) else evaluators)]
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        unknown = [item['type'] for registry, item in wanted
                   if 'type' in item and not resolves(registry, item, cfg.default_scope)]
    assert unknown == []
    assert len(wanted) >= 8


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
