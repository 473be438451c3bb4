import numpy as np
from skimage.feature import hog as skimage_hog

from mmrice.data_engine.descriptors import colour_histogram, grey, hog, lbp_histogram

CROPS = np.random.default_rng(0).integers(0, 255, (3, 64, 64, 3)).astype(np.uint8)


def test_hog_equals_that_of_scikit_image():
    luma = grey(CROPS)
    ours = hog(luma, cell=16, block=2)
    for row, image in zip(ours, luma):
        theirs = skimage_hog(image, orientations=9, pixels_per_cell=(16, 16), cells_per_block=(2, 2))
        np.testing.assert_allclose(row, theirs, atol=1e-4)


def test_a_flat_crop_has_no_gradients():
    assert not hog(np.full((1, 32, 32), 0.5, np.float32)).any()


def test_descriptors_of_a_crop_do_not_depend_on_the_others_in_the_batch():
    for describe, batch in ((hog, grey(CROPS)), (lbp_histogram, grey(CROPS)), (colour_histogram, CROPS)):
        np.testing.assert_array_equal(describe(batch)[1], describe(batch[1:2])[0])


def test_colour_histograms_count_the_pixels_of_each_tile():
    crop = np.zeros((1, 64, 64, 3), np.uint8)
    crop[:, :32] = (255, 0, 0)
    tiles = colour_histogram(crop).reshape(4, 128) ** 2
    np.testing.assert_allclose(tiles.sum(1), 1, atol=1e-6)
    assert (tiles > 0).sum(1).tolist() == [1, 1, 1, 1]
    assert (tiles[0] == tiles[1]).all() and (tiles[0] != tiles[2]).any()


def test_texture_histograms_ignore_brightness_and_turning():
    luma = grey(CROPS)
    whole = lbp_histogram(luma, grid=1)
    np.testing.assert_allclose(lbp_histogram(luma * 0.5 + 0.25, grid=1), whole, atol=0.05)
    np.testing.assert_allclose(lbp_histogram(np.rot90(luma, axes=(1, 2)), grid=1), whole, atol=1e-6)
    np.testing.assert_allclose((whole**2).sum(1), 1, atol=1e-5)
