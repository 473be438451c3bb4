import pytest
import torch

from mmrice.datasets.mini.scenes import write_scenes
from mmrice.testing.mini_material import drawn_material


@pytest.fixture(scope='session')
def scenes(tmp_path_factory):
    """Drawn scenes: four to train on, two to validate on."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp('scenes')
    write_scenes(*drawn_material(), folder, dict(train=4, val=2), size=96, seed=0)
    return folder
