"""Every config loads, builds, survives a dump, and is what its name says."""
import re
from pathlib import Path

import pytest
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
MODELS_BY_NAME = {'faster-rcnn': 'FasterRCNN', 'mask-rcnn': 'MaskRCNN', 'rice': 'RICE', 'uniform': 'RICE',
                  'upernet': 'EncoderDecoder'}
DATA_BY_NAME = {'mini': 'data/mini/', 'mini-trees': 'data/mini/trees', 'mini-scenes': 'data/mini/scenes'}


@pytest.fixture(autouse=True)
def project_on_path(request, monkeypatch):
    """A project's own types are found in its own folder."""
    path = Path(getattr(request.node, 'callspec', None) and request.node.callspec.params.get('path', '') or '')
    if path.parts[:1] == ('projects', ):
        monkeypatch.syspath_prepend(str(ROOT.joinpath(*path.parts[:2])))


@pytest.fixture
def cfg(path):
    return Config.fromfile(ROOT / path)


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
    assert len(listed) >= 4
    assert sorted(listed) == [path for path in TRAINING if path.startswith('configs/')]
    assert len(BASES) >= 5
    assert len(DATA_CONFIGS) >= 1
    assert sum(path.startswith('projects/') for path in TRAINING) == 2


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
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
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
    wanted += [(roots.PARAM_SCHEDULERS, scheduler) for scheduler in cfg.param_scheduler]
    wanted += [(roots.OPTIM_WRAPPERS, cfg.optim_wrapper), (roots.OPTIMIZERS, cfg.optim_wrapper.optimizer),
               (roots.VISUALIZERS, cfg.visualizer)]
    for split in ('train', 'val', 'test'):
        loader = cfg.get(f'{split}_dataloader')
        if loader:
            wanted += [(roots.DATASETS, loader.dataset), (roots.DATA_SAMPLERS, loader.sampler)]
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
    architecture, = re.findall(r'vit-(tiny|small|base|large|giga)', path)
    assert cfg.model.backbone.arch == architecture
    assert cfg.model.type.rpartition('.')[2] == MODELS_BY_NAME[algorithm]
    mixed = cfg.optim_wrapper.type.endswith('AmpOptimWrapper')
    if 'amp' in re.split('[-_]', Path(path).stem):
        assert mixed
    else:  # only where it costs nothing to any machine
        assert not mixed or cfg.optim_wrapper.only_if_fast
    data = next(word for word in words if word in DATA_BY_NAME)
    assert DATA_BY_NAME[data] in cfg.train_dataloader.dataset.data_root
    gpus = re.findall(r'_(\d+)xb(\d+)', path)
    expected = [int(number) * int(batch) for number, batch in gpus] or [cfg.train_dataloader.batch_size]
    assert [cfg.auto_scale_lr.base_batch_size] == expected


@pytest.mark.parametrize('path', TRAINING)
def test_host_is_the_default_scope_and_our_types_carry_their_prefix(path, cfg):
    from mmrice import registry
    assert cfg.default_scope in ('mmdet', 'mmseg', 'mmpretrain')
    ours = set()
    for value in (registry.MODELS, registry.DATASETS, registry.TRANSFORMS):
        ours.update(value.known())
    assert not [item['type'] for item in typed(cfg.to_dict()) if item['type'] in ours]
    assert all(isinstance(item['type'], str) for item in typed(cfg.to_dict()))
