"""JPEG headers, reduced decoding, and what a cut costs in exactness."""
import io

import cv2
import numpy as np
import pytest
from PIL import Image

from mmrice.datasets.transforms.decoding import cut, decode, is_cut_off, jpeg_size, reduction_for, widened


def photo(width=640, height=480):
    """Noise at several scales, as smooth as a photo."""
    rng, image = np.random.default_rng(0), np.full((height, width, 3), 128, np.float32)
    for cells, contrast in ((5, 50), (16, 40), (64, 20), (160, 10)):
        noise = rng.normal(0, contrast, (cells * 3 // 4, cells, 3)).astype(np.float32)
        image += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(image, 0, 255).astype(np.uint8)


def encoded(image, **options):
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, 'JPEG', quality=92, **options)
    return stream.getvalue()


@pytest.mark.parametrize('options', [{}, {'progressive': True}, {'exif': b'Exif\0\0' + bytes(3000)},
                                     {'optimize': True, 'comment': 'x' * 300}])
def test_the_size_stands_in_the_header_whatever_comes_before_it(options):
    content = encoded(photo(123, 77), **options)
    assert jpeg_size(content) == (77, 123)
    assert jpeg_size(content[:20]) is None


def test_what_is_no_jpeg_has_no_size_and_nothing_is_decoded_from_it():
    for content in (b'', b'\xff', b'\xff\xd8', b'\x89PNG' + bytes(60), b'\xff\xd8\xff\xda' + bytes(60)):
        assert jpeg_size(content) is None
        assert decode(content) is None
        assert not content or not is_cut_off(b'\x89PNG')


def test_a_jpeg_without_its_end_is_cut_off():
    content = encoded(photo(64, 64))
    assert not is_cut_off(content) and not is_cut_off(content + bytes(8))
    assert is_cut_off(content[:-40]) and is_cut_off(content[:len(content) // 2])


def test_boxes_refer_to_the_stored_pixels_so_a_turned_camera_is_ignored():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    content = encoded(photo(120, 80), exif=exif.tobytes())
    assert cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR).shape == (120, 80, 3)
    assert decode(content).shape == (*jpeg_size(content), 3) == (80, 120, 3)
    assert decode(content, 2).shape == (40, 60, 3)


@pytest.mark.parametrize(('crop', 'size', 'reduction'), [
    ((0, 0, 640, 480), (224, 224), 2), ((0, 0, 640, 447), (224, 224), 1), ((0, 0, 448, 448), (224, 224), 2),
    ((9, 9, 905, 905), (224, 224), 4), ((0, 0, 4000, 3000), (224, 224), 8), ((0, 0, 100, 100), (224, 224), 1)])
def test_an_image_is_reduced_as_far_as_the_crop_stays_large_enough(crop, size, reduction):
    assert reduction_for(crop, size) == reduction
    grown = widened(crop, size, (4000, 3000))
    assert reduction_for(grown, size) == reduction and all(side % reduction == 0 for side in grown)
    assert all(0 <= before - after < reduction for before, after in zip(crop[:2], grown[:2]))
    assert all(0 <= after - before < reduction for before, after in zip(crop[2:], grown[2:]))


def test_a_crop_is_widened_only_as_far_as_the_image_goes():
    assert widened((3, 5, 638, 477), (100, 100), (639, 479)) == (0, 4, 639, 479)


@pytest.mark.parametrize('size', [(300, 220), (224, 224), (150, 110), (80, 60), (64, 48)])
@pytest.mark.parametrize('crop', [(0, 0, 640, 480), (5, 3, 639, 470), (16, 8, 624, 472)])
def test_a_reduced_cut_is_within_three_grey_levels_of_the_average_of_all_pixels(size, crop):
    content = encoded(photo())
    whole, (left, top, right, bottom) = decode(content), crop
    average = cv2.resize(whole[top:bottom, left:right], size, interpolation=cv2.INTER_AREA).astype(int)
    reduced = cut(dict(jpeg=content), crop, size)
    assert reduced.shape == (size[1], size[0], 3) and reduction_for(crop, size) > 1
    assert np.abs(reduced - average).mean() < 3
    shifted = np.roll(average, 1, axis=1)  # the tolerance would see a shift by one pixel
    assert np.abs(reduced - shifted).mean() > 2 * np.abs(reduced - average).mean()


def test_where_nothing_can_be_reduced_the_cut_is_that_of_the_whole_image():
    content, crop = encoded(photo()), (13, 7, 400, 301)
    np.testing.assert_array_equal(cut(dict(jpeg=content), crop, (300, 224)),
                                  cut(dict(img=decode(content)), crop, (300, 224)))
