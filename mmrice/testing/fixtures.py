"""pytest fixtures that several test folders import."""
from pathlib import Path
from typing import Callable

import pytest

from .tiny_hosts import write_tiny_config, write_tiny_data


@pytest.fixture(scope='session')
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Tiny data and configs of all hosts: ``tiny(scope, by_epoch) -> path of a config``."""
    import torch
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp('tiny')
    root = write_tiny_data(folder / 'data')

    def config(scope: str, by_epoch: bool = True) -> Path:
        return write_tiny_config(folder / f'{scope}_{"epoch" if by_epoch else "iter"}.py', scope, root, by_epoch)

    return config
