"""Fixtures."""
from mmrice.testing.fixtures import tiny  # noqa: F401
