"""Fixtures."""
import pytest
from gallery_build import write_build


@pytest.fixture
def build(tmp_path):
    """``(folder, regions)`` of a build with object and OCR regions."""
    return tmp_path / 'shards', write_build(tmp_path / 'shards')
