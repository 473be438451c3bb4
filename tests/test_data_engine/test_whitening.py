import numpy as np
import pytest

from mmrice.data_engine.whitening import PCAWhitening, project
from mmrice.utils import UserError


@pytest.fixture
def features():
    rng = np.random.default_rng(0)
    return (rng.normal(size=(500, 6)) * [9, 5, 3, 1, 1e-3, 1e-3] + 4).astype(np.float32)


def raw(features, fitted):
    return (features - fitted['mean']) @ fitted['matrix']


def test_full_whitening_gives_directions_of_equal_strength(features):
    covariance = np.cov(raw(features, PCAWhitening(4, power=1).fit(features)).T, bias=True)
    np.testing.assert_allclose(covariance, np.eye(4), atol=1e-3)


def test_without_whitening_distances_are_those_of_the_strongest_directions(features):
    projected = raw(features, PCAWhitening(4, power=0).fit(features))
    distance = np.linalg.norm(features[1:] - features[:-1], axis=1)
    np.testing.assert_allclose(np.linalg.norm(projected[1:] - projected[:-1], axis=1), distance, rtol=1e-2)


def test_projected_rows_have_length_one(features):
    rows = project(features.astype(np.float16), **PCAWhitening(3).fit(features))
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_more_directions_than_data_are_refused(features):
    with pytest.raises(UserError, match='dim is 64, but there are 500 regions with 6 features'):
        PCAWhitening(64).fit(features)


def test_directions_are_found_block_by_block_from_a_part_of_many_regions(features, monkeypatch):
    monkeypatch.setattr('mmrice.data_engine.whitening.BLOCK', 64)
    some, expected = PCAWhitening(3, max_regions=200).fit(features), PCAWhitening(3).fit(features[::3])
    for name in ('mean', 'matrix'):
        np.testing.assert_allclose(some[name], expected[name], rtol=1e-4, atol=1e-5)
