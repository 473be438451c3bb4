"""Drawing boxes, captions and label maps."""
import numpy as np

from mmrice.visualization import blend_labels, draw_regions, label_color, region_captions

GREY = np.full((40, 60, 3), 100, np.uint8)


def test_a_box_is_drawn_in_its_colour_and_only_on_its_border():
    picture = draw_regions(GREY, [[10, 5, 50, 35]], colors=[(255, 0, 0)], width=2)
    changed = (picture != GREY).any(-1)
    assert (picture[changed] == (255, 0, 0)).all()
    rows, columns = changed.nonzero()
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == (10, 5, 49, 34)
    assert not changed[8:32, 13:47].any()


def test_boxes_follow_the_enlargement():
    picture = draw_regions(GREY, [[10, 5, 50, 35]], colors=[(255, 0, 0)], scale=3, width=1)
    assert picture.shape == (120, 180, 3)
    rows, columns = (picture == (255, 0, 0)).all(-1).nonzero()
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == (30, 15, 149, 104)


def test_the_input_image_stays_as_it_is():
    image = GREY.copy()
    draw_regions(image, [[0, 0, 60, 40]], ['#1'])
    np.testing.assert_array_equal(image, GREY)


def test_a_caption_stays_inside_the_image_even_if_its_box_does_not():
    picture = draw_regions(GREY, [[55, 36, 300, 300]], ['#123'], [(255, 255, 255)])
    assert picture.shape == GREY.shape
    assert ((picture == 255).all(-1)).sum() > 100


def test_no_boxes_change_nothing():
    np.testing.assert_array_equal(draw_regions(GREY, np.zeros((0, 4)), []), GREY)


def test_captions_name_clusters_and_words():
    captions = region_captions(['object', 'ocr', 'ocr', 'ocr'], [[17], [2, 0], [1], [0]], ['', 'exit now', '', ''],
                               vocabulary=['now', 'the', 'exit'])
    assert captions == ['#17', '"exit now"', '"the"', '"now"']


def test_captions_leave_out_padding_and_show_indices_without_a_vocabulary():
    assert region_captions(['object', 'ocr'], [[3, -1], [4, 5]]) == ['#3', 'ocr #4 #5']


def test_captions_of_tags_are_their_names_and_those_of_texts_what_they_say():
    kinds, labels = ['tags', 'image_tags', 'text', 'caption', 'image'], [[1, 0], [2, -1], [-1], [-1], [7, 3]]
    words = dict(vocabulary=['STOP', 'EXIT', 'PUSH'])
    assert region_captions(kinds, labels, **words) == ['tags #1 #0', 'tags #2', '', '', '#7 #3']
    assert region_captions(kinds, labels, ['', '', 'a dog', 'two dogs', ''], tags=['dog', 'old', 'park'], **words) == [
        'old, dog', 'park', '"a dog"', '"two dogs"', '#7 #3']


def test_neighbouring_labels_have_different_colours():
    colors = [label_color(label) for label in range(30)]
    assert len(set(colors)) == 30
    distance = [np.abs(np.subtract(a, b)).sum() for a, b in zip(colors, colors[1:])]
    assert min(distance) > 100


def test_ignored_pixels_keep_the_colours_of_the_image():
    labels = np.zeros((40, 60), np.uint8)
    labels[:, 30:] = 255
    blended = blend_labels(GREY, labels, [(200, 0, 0)], opacity=0.5)
    assert (blended[:, :30] == (150, 50, 50)).all()
    np.testing.assert_array_equal(blended[:, 30:], GREY[:, 30:])
