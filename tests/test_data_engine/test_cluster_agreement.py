import numpy as np
import pytest

from mmrice.data_engine.clustering import agreement as of

CLASSES = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2])
GROUPS = np.array([5, 5, 5, 7, 7, 7, 7, 9, 9, 5])


def unit(x):
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def test_purity_counts_the_commonest_class_of_each_group():
    assert of.contingency(GROUPS, CLASSES).tolist() == [[3, 0, 1], [1, 3, 0], [0, 0, 2]]
    assert of.purity(GROUPS, CLASSES) == 0.8


def test_mutual_information_is_that_of_the_joint_distribution():
    joint = np.array([[3, 0, 1], [1, 3, 0], [0, 0, 2]]) / 10
    rows, columns = joint.sum(1), joint.sum(0)
    some = joint > 0
    mutual = (joint[some] * np.log((joint / np.outer(rows, columns))[some])).sum()
    entropy = [-(p * np.log(p)).sum() for p in (rows, columns)]
    assert of.nmi(GROUPS, CLASSES) == pytest.approx(mutual / np.mean(entropy))


def test_equal_groupings_agree_fully_and_names_do_not_matter():
    assert of.agreement(CLASSES * 3 + 1, CLASSES) == {
        'groups': 3, 'purity': 1, 'nmi': pytest.approx(1), 'ami': pytest.approx(1)}


def test_groups_by_chance_have_no_adjusted_information_however_small_they_are():
    rng = np.random.default_rng(0)
    classes, groups = rng.integers(0, 5, 2000), rng.integers(0, 300, 2000)
    assert of.nmi(groups, classes) > 0.1 and abs(of.adjusted_mutual_information(groups, classes)) < 0.01
    assert sorted(of.shuffled(groups)[0]) == sorted(groups) and (of.shuffled(groups)[0] != groups).any()


def test_the_nearest_region_is_sought_in_other_images():
    rng = np.random.default_rng(0)
    features, images = unit(rng.normal(size=(60, 8))), np.sort(rng.integers(0, 12, 60))
    cosine = features @ features.T
    cosine[images[:, None] == images] = -2
    np.testing.assert_array_equal(of.nearest_elsewhere(features, images), cosine.argmax(1))
    classes = rng.integers(0, 3, 60)
    np.testing.assert_array_equal(of.neighbour_purity(features, images, classes), classes[cosine.argmax(1)] == classes)
    assert (of.nearest_elsewhere(features[:3], np.zeros(3)) == -1).all()
    assert not of.neighbour_purity(features[:3], np.zeros(3), np.zeros(3)).any()


def test_whole_images_share_the_classes_of_the_nearest_image_with_regions():
    features = unit(np.array([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9]]))
    images, classes = np.array([0, 1, 1, 3, 3, 3]), np.array([2, 2, 0, 1, 1, 0])
    # 0 -> 1 (one of two is class 2); 1 -> 0 (class 2); 3 -> 1, since image 2 has no region (none is 1, half are 0)
    np.testing.assert_allclose(of.image_neighbour_purity(features, images, classes), [0.5, 1, 0, 0, 0, 0.5])
