"""Principal components as colours."""
import numpy as np

from mmrice.visualization import pca_rgb


def test_equal_features_get_equal_colours_across_maps():
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=(8, 6, 5)), generator.normal(size=(8, 4, 7))
    second[:, 1, 2] = first[:, 3, 4]
    colors = pca_rgb([first, second])
    assert [one.shape for one in colors] == [(6, 5, 3), (4, 7, 3)]
    np.testing.assert_array_equal(colors[0][3, 4], colors[1][1, 2])


def test_two_groups_of_patches_get_two_colours_whatever_the_noise():
    generator = np.random.default_rng(0)
    features = generator.normal(scale=0.1, size=(16, 10, 10))
    features[3, :, 5:] += 10
    red = pca_rgb([features])[0][..., 0].astype(int)
    assert abs(red[:, :5].mean() - red[:, 5:].mean()) > 200


def test_the_sign_of_a_component_does_not_depend_on_the_order_of_images():
    maps = list(np.random.default_rng(1).normal(size=(3, 8, 4, 4)) * np.arange(1, 9)[:, None, None])
    forward, backward = pca_rgb(maps), pca_rgb(maps[::-1])[::-1]
    for one, other in zip(forward, backward):
        np.testing.assert_allclose(one.astype(int), other.astype(int), atol=1)


def test_constant_features_give_no_error():
    assert pca_rgb([np.ones((4, 2, 2))])[0].shape == (2, 2, 3)
