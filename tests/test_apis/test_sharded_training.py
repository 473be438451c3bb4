"""A runner on several ranks begins with the centres that one process would have."""
import os
from pathlib import Path

import pytest
import torch

from mmrice.testing.distributed import run_ranks

CONFIG = Path(__file__).resolve().parents[2] / 'configs/quick/rice_vit-tiny_mini.py'


def begin(rank, world_size, work_dir):
    """Initial weights as the runner leaves them."""
    from mmrice.apis import training
    from mmrice.apis.config import load_config
    cfg = load_config(str(CONFIG), {'log_level': 'ERROR', 'model.head.object.num_classes': 7})
    os.environ['LOCAL_RANK'] = str(rank)
    cfg.launcher = 'pytorch' if world_size > 1 else 'none'
    cfg.model_wrapper_cfg = dict(type='MMDistributedDataParallel', device_ids=None)
    cfg.optim_wrapper = dict(type='mmrice.OptimWrapper', optimizer=dict(type='SGD', lr=0.1))
    cfg.env_cfg.dist_cfg = dict(backend='gloo')
    cfg.work_dir, cfg.experiment_name = str(work_dir), f'run_{world_size}_{rank}'
    torch.manual_seed(rank)
    runner = training.build_runner(cfg)
    runner._init_model_weights()
    model = runner.model.module if world_size > 1 else runner.model
    return model.head.centers['object'].weight.detach(), model.neck.proj.weight.detach()


def test_centres_are_split_and_the_rest_is_replicated(tmp_path):
    pytest.importorskip('mmpretrain')
    whole, _ = begin(0, 1, tmp_path)
    ranks = run_ranks(begin, 3, tmp_path)
    assert [len(rows) for rows, _ in ranks] == [2, 2, 3]
    assert torch.equal(torch.cat([rows for rows, _ in ranks]), whole)
    assert all(torch.equal(replica, ranks[0][1]) for _, replica in ranks)
