"""Stock configs of the hosts run through the tools here; their numbers are those of the hosts."""
import ast
import json
import pickle
import runpy
import sys
from itertools import count
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

import mmrice  # noqa: F401 before a host
from mmrice.apis.config import read_config
from mmrice.testing.layouts.cityscapes import write_cityscapes
from mmrice.testing.layouts.coco import write_coco
from mmrice.testing.layouts.imagenet import write_imagenet
from mmrice.testing.reduced import loader_options

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
RESNET = {'model.backbone.depth': 18, 'model.backbone.base_channels': 8}
DETECTOR = {**RESNET, 'model.backbone.init_cfg': None, 'model.neck.in_channels': [8, 16, 32, 64],
            'model.neck.out_channels': 16, 'train_cfg.val_interval': 99}
HEAD = 'model.bbox_head.'
ROI = 'model.roi_head.'
# Config -> what makes it small
SMALL = {
    'mmdet::retinanet/retinanet_r18_fpn_1x_coco.py': {
        **DETECTOR, f'{HEAD}in_channels': 16, f'{HEAD}feat_channels': 16, f'{HEAD}stacked_convs': 1,
        'train_cfg.max_epochs': 2, 'model.test_cfg.score_thr': 0., 'model.test_cfg.nms_pre': 10000,
        'model.test_cfg.max_per_img': 10000},
    'mmdet::mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py': {
        **DETECTOR, 'model.rpn_head.in_channels': 16, 'model.rpn_head.feat_channels': 16,
        f'{ROI}bbox_roi_extractor.out_channels': 16, f'{ROI}mask_roi_extractor.out_channels': 16,
        f'{ROI}bbox_head.in_channels': 16, f'{ROI}bbox_head.fc_out_channels': 32, f'{ROI}mask_head.in_channels': 16,
        f'{ROI}mask_head.conv_out_channels': 16, f'{ROI}mask_head.num_convs': 1, 'train_cfg.max_epochs': 8,
        'model.train_cfg.rpn_proposal.max_per_img': 40, 'model.test_cfg.rpn.max_per_img': 20,
        'model.test_cfg.rcnn.score_thr': 0.},
    'mmseg::fcn/fcn_r18-d8_4xb2-80k_cityscapes-512x1024.py': {
        **RESNET, 'model.pretrained': None, 'model.decode_head.in_channels': 64, 'model.decode_head.channels': 16,
        'model.auxiliary_head.in_channels': 32, 'model.auxiliary_head.channels': 16,
        'model.data_preprocessor.size': (96, 96), 'train_cfg.max_iters': 2, 'train_cfg.val_interval': 2},
    'mmpretrain::resnet/resnet18_8xb32_in1k.py': {
        **RESNET, 'model.head.in_channels': 64, 'train_cfg.max_epochs': 1},
}
names = count()


@pytest.fixture(scope='session')
def stock_root(scenes, tmp_path_factory):
    """A folder with COCO's, Cityscapes' and ImageNet's layouts below data."""
    folder = tmp_path_factory.mktemp('stock')
    (folder / 'data').mkdir()
    write_coco(scenes, folder / 'data' / 'coco')
    write_cityscapes(scenes, folder / 'data' / 'cityscapes')
    write_imagenet(folder / 'data' / 'imagenet', dict(train=2, val=2))
    return folder


@pytest.fixture
def run(monkeypatch, capsys, stock_root):
    """Run a tool in this process, in the folder of the data: ``run(path, ...) -> stdout``; it must succeed."""

    def call(path, *arguments):
        monkeypatch.chdir(stock_root)
        monkeypatch.setattr(sys, 'argv', [Path(path).name, *map(str, arguments)])
        capsys.readouterr()
        try:
            runpy.run_path(str(path), run_name='__main__')
        except SystemExit as ended:
            assert not ended.code, capsys.readouterr().err
        return capsys.readouterr().out

    return call


def small(config):
    """The options of a config; each run gets a name of its own, as if it were a process of its own."""
    options = {**loader_options(read_config(config), 96), **SMALL[config]}
    return {**options, 'log_level': 'ERROR', 'experiment_name': f'stock-{next(names)}'}


def words(options):
    return ['--cfg-options', *(f'{key}={value}'.replace(' ', '') for key, value in options.items())]


def host_test(config, checkpoint, folder, dump):
    """Metrics of a host's own runner, as its tools/test.py builds it, which also dumps the predictions."""
    cfg = Config.fromfile(read_config(config).filename)
    cfg.merge_from_dict(small(config))
    cfg.work_dir, cfg.load_from = str(folder), str(checkpoint)
    runner = Runner.from_cfg(cfg)
    runner.test_evaluator.metrics.append(dump)
    assert not [hook for hook in runner.hooks if type(hook).__module__.startswith('mmrice')]
    return runner.test()


@pytest.mark.parametrize('config', SMALL)
def test_it_trains_and_its_metrics_and_predictions_are_those_of_the_hosts_own_tool(config, run, stock_root, tmp_path):
    out = run(TOOLS / 'train.py', config, '--work-dir', tmp_path, '--seed', 0, *words(small(config)))
    assert out.splitlines()[-1].startswith(f'checkpoint: {tmp_path}/latest.pth (')
    ours = ['--work-dir', tmp_path / 'test', *words(small(config))]
    run(TOOLS / 'test.py', config, tmp_path / 'latest.pth', '--out', tmp_path / 'results.json', *ours)
    results = json.loads((tmp_path / 'results.json').read_text())
    if config.startswith('mmdet'):
        from mmdet.evaluation import DumpDetResults as Dump
    else:
        from mmengine.evaluator import DumpResults as Dump
    metrics = host_test(config, tmp_path / 'latest.pth', tmp_path / 'host', Dump(str(tmp_path / 'host.pkl')))
    assert max(metrics.values()) > 0
    assert {name: results[name] for name in metrics} == metrics
    run(TOOLS / 'test.py', config, tmp_path / 'latest.pth', '--out', tmp_path / 'ours.pkl', *ours)
    assert len(pickle.loads((tmp_path / 'ours.pkl').read_bytes())) == results['run']['num_images'] > 0
    if config.startswith('mmdet'):
        offline(config, run, tmp_path, metrics)


def offline(config, run, folder, metrics):
    """MMDetection's evaluation of files finds the same in its tool's predictions and in ours, by our metric as well."""
    import mmdet
    tool = Path(mmdet.__path__[0]) / '.mim' / 'tools' / 'analysis_tools' / 'eval_metric.py'
    path = read_config(config).filename
    for predictions in ('host.pkl', 'ours.pkl'):
        found = run(tool, path, folder / predictions).splitlines()[-1]
        assert ast.literal_eval(found[found.index('{'):].removesuffix(')')) == metrics
    counts = '(100,300,1000)'  # MMDetection's numbers of detections an image
    found = run(tool, path, folder / 'host.pkl', '--cfg-options', 'val_evaluator.type=mmrice.CocoMetric',
                f'val_evaluator.proposal_nums={counts}').splitlines()[-1]
    found = ast.literal_eval(found[found.index('{'):].removesuffix(')'))
    assert {name: found[name] for name in metrics} == metrics and len(found) == 2 * len(metrics)
