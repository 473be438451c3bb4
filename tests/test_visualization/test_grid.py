"""Pictures in rows and columns, and heat maps."""
import numpy as np

from mmrice.visualization.grid import fit_width, heat, tile


def test_stacks_fill_rows_from_left_to_right():
    stacks = [(str(level), [np.full((10, 20, 3), level, np.uint8)] * 2) for level in (10, 20, 30)]
    page = tile(stacks, 2)
    assert page.shape == (2 * (2 * 12 + 18) + 6, 2 * 20 + 6, 3)
    assert [page[5, 5, 0], page[5, 31, 0], page[53, 5, 0], page[53, 31, 0]] == [10, 20, 30, 255]


def test_cells_keep_their_edges():
    picture = np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)
    assert set(np.unique(fit_width(picture, 20, cells=True))) == {0, 255}


def test_the_largest_weight_is_brightest_and_zero_stays_grey():
    weights = np.array([[0., 0.2], [0.1, 0.7]])
    picture = heat(np.full((40, 40, 3), 100, np.uint8), weights).astype(int)
    light = picture.sum(2)[[10, 10, 30, 30], [10, 30, 10, 30]]
    assert light.argmax() == 3 and light[1] > light[2]
    assert np.ptp(picture[10, 10]) == 0 and np.ptp(picture[30, 30]) > 50
