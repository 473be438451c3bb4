"""The composer of the mini scenes, on drawn cut-outs."""
import numpy as np
import pytest
from PIL import Image

from mmrice.datasets.mini.annotate import CLASSES, instances_of, label_map_of, panoptic_of
from mmrice.datasets.mini.backgrounds import STUFF
from mmrice.datasets.mini.captions import caption_of, counted, listed, place_of, words_of
from mmrice.datasets.mini.compose import MIN_VISIBLE, Composer
from mmrice.datasets.mini.cutouts import THINGS
from mmrice.datasets.mini.scene import Scene, Thing, box_of
from mmrice.datasets.mini.words import WORDS, render_word
from mmrice.testing.mini_material import drawn_material

SIZE = 128


@pytest.fixture(scope='module')
def material():
    return drawn_material()


@pytest.fixture(scope='module')
def scenes(material):
    return [Composer(*material, 'train', SIZE).scene(number) for number in range(12)]


def empty_scene(side=64):
    flat = np.zeros((side, side), dtype=np.uint8)
    return Scene(np.zeros((side, side, 3), dtype=np.uint8), flat, flat.astype(np.int16))


def square(side):
    return Image.new('RGBA', (side, side), (200, 10, 10, 255)), Image.new('L', (side, side), 255)


def place(scene, side, corner, min_visible=0.4):
    return scene.place(*square(side), corner, Thing('coin', 'coin', 'drawn', 0), min_visible)


def test_same_seed_gives_the_same_scene_and_another_seed_another(material):
    first, again, other = (Composer(*material, 'train', SIZE, seed).scene(3) for seed in (0, 0, 1))
    assert first.pixels.tobytes() == again.pixels.tobytes()
    assert (first.owner == again.owner).all()
    assert first.pixels.tobytes() != other.pixels.tobytes()


def test_a_scene_does_not_depend_on_the_scenes_before_it(material):
    composer = Composer(*material, 'train', SIZE)
    composer.scene(0)
    after, alone = composer.scene(5), Composer(*material, 'train', SIZE).scene(5)
    assert after.pixels.tobytes() == alone.pixels.tobytes()


def test_train_and_val_share_no_cutout_background_or_word(material):
    used = {}
    for split in ('train', 'val'):
        composer = Composer(*material, split, SIZE)
        things = [thing for number in range(15) for thing in composer.scene(number).things]
        used[split] = ({thing.source or thing.name for thing in things}
                       | {background.source for group in composer.backgrounds.values() for background in group})
    assert used['train'] and used['val']
    assert not used['train'] & used['val']
    assert not set(WORDS['train']) & set(WORDS['val'])


def test_every_thing_keeps_its_visible_fraction(scenes):
    for scene in scenes:
        for number, thing in enumerate(scene.things):
            assert scene.mask(number).sum() >= MIN_VISIBLE * thing.full_area


def test_a_thing_that_would_hide_another_is_not_drawn():
    scene = empty_scene()
    assert place(scene, 20, (10, 10))
    before = scene.pixels.copy()
    assert not place(scene, 30, (5, 5))
    assert len(scene.things) == 1
    np.testing.assert_array_equal(scene.pixels, before)


def test_a_thing_mostly_outside_the_image_is_not_drawn():
    scene = empty_scene()
    assert not place(scene, 20, (-13, 0))
    assert place(scene, 20, (-11, 0))


def test_a_partly_hidden_thing_counts_only_what_is_seen():
    scene = empty_scene()
    assert place(scene, 20, (10, 10))
    assert place(scene, 20, (20, 10))
    first, second = instances_of(scene, 1)
    assert first['bbox'] == [10, 10, 10, 20]
    assert first['area'] == 200
    assert second['area'] == 400


def test_panoptic_ids_and_areas_agree_with_the_instance_masks(scenes):
    for scene in scenes:
        image, segments = panoptic_of(scene)
        ids = image.astype(int) @ [1, 256, 65536]
        assert sorted(np.unique(ids)) == sorted(segment['id'] for segment in segments)
        for segment in segments:
            assert segment['area'] == (ids == segment['id']).sum()
        things = [segment for segment in segments if segment['category_id'] <= len(THINGS)]
        for segment, instance in zip(things, instances_of(scene, 1)):
            keys = ('category_id', 'bbox', 'area')
            assert [segment[key] for key in keys] == [instance[key] for key in keys]


def test_label_map_names_what_is_seen_at_each_pixel(scenes):
    for scene in scenes:
        labels = label_map_of(scene)
        for number, thing in enumerate(scene.things):
            assert set(labels[scene.mask(number)]) == {CLASSES.index(thing.label)}
        free = scene.owner == 0
        assert {CLASSES[label] for label in np.unique(labels[free])} <= set(STUFF)


def test_no_word_is_covered(scenes):
    for scene in scenes:
        for number, thing in enumerate(scene.things):
            if thing.label == 'text':
                assert scene.mask(number).sum() == thing.full_area


def test_word_polygon_spans_the_word_box(scenes):
    words = [word for scene in scenes for word in words_of(scene)]
    assert words
    for word in words:
        xs, ys = word['polygon'][::2], word['polygon'][1::2]
        np.testing.assert_allclose(word['box'], [min(xs), min(ys), max(xs), max(ys)], atol=1.5)


def test_turned_word_has_the_top_left_corner_first():
    _, mask, corners = render_word('HOTEL', 'DejaVuSans.ttf', 24, (255, 255, 255), (0, 0, 0), 255, 10.0)
    assert corners[0][0] < corners[1][0] and corners[0][1] > corners[1][1]  # turned counter-clockwise: the right is up
    assert box_of(np.asarray(mask) > 127)[2] <= mask.width


def test_caption_counts_things_and_quotes_words(scenes):
    for scene in scenes:
        caption = caption_of(scene).lower()
        names = [thing.name for thing in scene.things if thing.label != 'text']
        assert all(counted(name, names.count(name)) in caption for name in names)
        assert all(f'"{thing.name.lower()}"' in caption for thing in scene.things if thing.label == 'text')
    assert listed([counted('goose', 2), counted('ibis', 1)]) == 'two geese and an ibis'


def test_place_names_the_ninth_of_the_image():
    assert place_of([0, 0, 10, 10], 90) == 'at the top left'
    assert place_of([40, 40, 50, 50], 90) == 'in the middle'
    assert place_of([80, 40, 90, 50], 90) == 'at the right'
