"""A demo's work directory with untrained tiny models on generated images."""
import io
import json
import tarfile

import numpy as np
import pytest
from PIL import Image

from mmrice.datasets.shard_format import regions_path, write_meta, write_regions

RICE = """
default_scope = 'mmpretrain'
train_dataloader = dict(dataset=dict(type='mmrice.SeededDataset', dataset=dict(
    type='mmrice.RegionShardDataset', data_root={root!r})))
model = dict(
    type='mmrice.RICE',
    data_preprocessor=dict(mean=[127.] * 3, std=[60.] * 3, bgr_to_rgb=True),
    backbone=dict(type='mmrice.RICEViT', patch_size=16, out_type='raw',
                  arch=dict(embed_dims=32, num_layers=1, num_heads=2, feedforward_channels=64)),
    neck=dict(type='mmrice.RegionTransformer', in_channels=32, out_channels=32, num_heads=2, patch_size=16),
    head=dict(type='mmrice.ClusterDiscriminationHead', embed_dims=32, object=dict(num_classes=3),
              ocr=dict(num_classes=2)))
"""


def jpeg(seed):
    stream = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(stream, 'JPEG')
    return stream.getvalue()


def write_shards(root):
    """One shard of four images: cluster 0 has four regions, 1 three, 2 one; two OCR regions on image k1."""
    root.mkdir(parents=True)
    with tarfile.open(root / '000000.tar', 'w') as tar:
        for number in range(4):
            content = jpeg(number)
            info = tarfile.TarInfo(f'k{number}.jpg')
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    rows = [dict(key=f'k{number}', box=[4. * label, 4, 30, 40], kind='object', score=1., labels=[label], text='')
            for number in range(4) for label in range(3) if label <= number % 2 + number // 3 * 2 or label == 0]
    rows += [dict(key='k1', box=[8, 8, 60, 20], kind='ocr', score=1., labels=[1], text='<exit>'),
             dict(key='k1', box=[8, 24, 60, 40], kind='ocr', score=1., labels=[0, 1], text='push & exit')]
    write_regions(regions_path(root / '000000.tar'), rows)
    (root / 'ocr_vocab.json').write_text(json.dumps(['push', 'exit']))
    write_meta(root, dict(schema_version=1, num_shards=1, num_images=4, num_regions=dict(object=len(rows) - 2, ocr=2),
                          num_classes=dict(object=3, ocr=2), made_by={}))
    return rows


@pytest.fixture
def shard_dir(tmp_path):
    write_shards(tmp_path / 'shards')
    return tmp_path / 'shards'


def write_scalars(run, names):
    path = run / '20250101_000000' / 'vis_data' / 'scalars.json'
    path.parent.mkdir(parents=True)
    lines = [dict(dict.fromkeys(names, 5. / step), iter=step, step=step) for step in (10, 20, 30)]
    path.write_text(''.join(json.dumps(line) + '\n' for line in lines))


def write_run(run, config):
    """Save an untrained model of a config as if it had been trained."""
    import torch
    from mmengine.config import Config
    from mmengine.registry import MODELS, DefaultScope
    run.mkdir(parents=True, exist_ok=True)
    (run / 'config.py').write_text(config)
    cfg = Config.fromfile(run / 'config.py')
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
    torch.save(dict(state_dict=model.state_dict(), meta={}), run / 'latest.pth')


@pytest.fixture(scope='session')
def demo_dir(tmp_path_factory):
    for name in ('mmpretrain', 'mmdet', 'mmseg'):
        pytest.importorskip(name)
    from mmrice.testing.tiny_hosts import write_tiny_config, write_tiny_data
    from mmrice.visualization.demo_results import environment, gather
    root = tmp_path_factory.mktemp('demo')
    data = write_tiny_data(root / 'data')
    write_shards(root / 'shards')
    write_run(root / 'pretrain', RICE.format(root=str(root / 'shards')))
    write_scalars(root / 'pretrain', ['loss', 'loss_object', 'loss_ocr', 'accuracy_object', 'accuracy_ocr', 'time'])
    for task, scope in (('detection', 'mmdet'), ('segmentation', 'mmseg')):
        config = write_tiny_config(root / 'tiny' / f'{scope}.py', scope, data).read_text()
        for number, kind in enumerate(('rice', 'random')):
            run = root / f'{task}_{kind}'
            write_run(run, config)
            write_scalars(run, ['loss'])
            metrics = {'coco/bbox_mAP': 0.123 - 0.1 * number, 'coco/bbox_mAP_50': 0.25, 'coco/bbox_mAP_75': 0.1,
                       'coco/bbox_mAP_s': -1., 'coco/bbox_mAP_m': 0.2, 'coco/bbox_mAP_l': None,
                       'mIoU': 33.333 + number, 'mAcc': 40., 'aAcc': 50.}
            (run / 'metrics.json').write_text(json.dumps(metrics))
    results = {**gather(root), 'seconds': {'pretrain': 12.3, 'detection_rice': 4.5}, 'env': environment(),
               'commands': ['python tools/train.py a.py', "python tools/train.py b.py --cfg-options 'x=<y>'"]}
    (root / 'results.json').write_text(json.dumps(results))
    return root
