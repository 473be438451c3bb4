import io

import numpy as np
import pytest
from PIL import Image

from mmrice.data_engine.images import Reject, decode_jpeg, encode_jpeg, open_rgb, shrink, to_rgb

LIMIT = 10**6


def encode(image, format='PNG', **kwargs):
    stream = io.BytesIO()
    image.save(stream, format, **kwargs)
    return stream.getvalue()


def test_an_upright_rgb_jpeg_is_plain_and_others_are_not():
    image = Image.new('RGB', (8, 6), (200, 10, 10))
    exif = Image.Exif()
    exif[0x0112] = 6
    assert open_rgb(encode(image, 'JPEG'), LIMIT)[1]
    assert not open_rgb(encode(image), LIMIT)[1]
    assert not open_rgb(encode(image, 'JPEG', exif=exif), LIMIT)[1]


def test_exif_orientation_turns_the_image():
    pixels = np.zeros((10, 20, 3), np.uint8)
    pixels[:5] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # the stored top is the right side of the scene
    turned, _ = open_rgb(encode(Image.fromarray(pixels), exif=exif), LIMIT)
    assert turned.size == (10, 20)
    assert np.asarray(turned)[:, 5:].min() == 255 and np.asarray(turned)[:, :5].max() == 0


@pytest.mark.parametrize('mode, value, expected', [
    ('L', 90, (90, 90, 90)), ('1', 1, (255, 255, 255)), ('CMYK', (0, 0, 0, 255), (0, 0, 0)),
    ('LA', (100, 255), (100, 100, 100)), ('RGBA', (10, 20, 30, 0), (255, 255, 255)),
    ('RGBA', (10, 20, 30, 255), (10, 20, 30)), ('I;16', 257 * 70, (70, 70, 70)), ('I', 300 * 257, (255, 255, 255))])
def test_every_mode_becomes_rgb(mode, value, expected):
    rgb = to_rgb(Image.new(mode, (4, 3), value))
    assert rgb.mode == 'RGB' and rgb.size == (4, 3) and rgb.getpixel((1, 1)) == expected


def test_a_transparent_palette_is_laid_on_white():
    image = Image.new('P', (4, 4), 0)
    image.putpalette([250, 0, 0, 0, 0, 250])
    image.putpixel((0, 0), 1)
    rgb, _ = open_rgb(encode(image, transparency=0), LIMIT)
    assert rgb.getpixel((2, 2)) == (255, 255, 255) and rgb.getpixel((0, 0)) == (0, 0, 250)


@pytest.mark.parametrize('data, reason', [
    (b'', 'zero bytes'), (b'hello', 'no known image format'),
    (encode(Image.new('RGB', (2000, 1000))), 'too large: 2000 x 1000 px'),
    (encode(Image.effect_noise((64, 64), 50), 'JPEG')[:600], 'truncated'),
    (encode(Image.effect_noise((64, 64), 50))[:600], 'truncated'),
    (encode(Image.new('F', (4, 4)), 'TIFF'), 'floating-point')])
def test_an_unusable_file_is_rejected_with_its_reason(data, reason):
    with pytest.raises(Reject, match=reason):
        open_rgb(data, LIMIT)


def test_shrinking_keeps_the_aspect_and_never_enlarges():
    image = Image.new('RGB', (100, 50))
    assert shrink(image, 40).size == (40, 20)
    assert shrink(image, 200) is image and shrink(image, None) is image


def test_jpegs_come_back_as_rgb():
    jpeg = encode_jpeg(Image.new('RGB', (16, 8), (250, 20, 90)), 95)
    assert jpeg == encode_jpeg(Image.new('RGB', (16, 8), (250, 20, 90)), 95)
    assert decode_jpeg(jpeg).shape == (8, 16, 3)
    np.testing.assert_allclose(decode_jpeg(jpeg)[4, 4], (250, 20, 90), atol=3)
