"""Pixels of files in all modes against values computed from the formats' definitions, without Pillow's conversions."""
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from mmrice.data_engine.images import open_rgb

SHAPE = (5, 7)
GREY = np.random.default_rng(0).integers(0, 256, SHAPE)
DEEP = np.random.default_rng(1).integers(0, 65536, SHAPE)
RGB = np.random.default_rng(2).integers(0, 256, (*SHAPE, 3))
ALPHA = np.random.default_rng(3).integers(0, 256, SHAPE)


def read(data):
    return np.asarray(open_rgb(data, 10**6)[0]).astype(int)


def saved(pixels, mode, format='PNG', **kwargs):
    stream = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8), mode).save(stream, format, **kwargs)
    return stream.getvalue()


def png(colour_type, depth, pixels, *chunks):
    """A PNG written by hand: samples are big-endian, each row after a filter byte."""
    rows = pixels.astype('>u2' if depth == 16 else 'u1').reshape(len(pixels), -1)
    data = zlib.compress(b''.join(b'\0' + row.tobytes() for row in rows))
    header = struct.pack('>IIBBBBB', pixels.shape[1], len(pixels), depth, colour_type, 0, 0, 0)
    parts = [(b'IHDR', header), *chunks, (b'IDAT', data), (b'IEND', b'')]
    return b'\x89PNG\r\n\x1a\n' + b''.join(struct.pack('>I', len(body)) + name + body +
                                           struct.pack('>I', zlib.crc32(name + body)) for name, body in parts)


def tiff(pixels, order):
    """A grey TIFF written by hand in a byte order, 16 or 32 bits."""
    bits = pixels.dtype.itemsize * 8
    data = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    tags = [(256, 4, pixels.shape[1]), (257, 4, len(pixels)), (258, 3, bits), (259, 3, 1), (262, 3, 1), (273, 4, 8),
            (277, 3, 1), (278, 4, len(pixels)), (279, 4, len(data)), (339, 3, 2 if bits == 32 else 1)]
    table = b''.join(struct.pack(f'{order}HHI' + ('HH' if kind == 3 else 'I'), tag, kind, 1, value, *[0] * (kind == 3))
                     for tag, kind, value in tags)
    magic = b'II' if order == '<' else b'MM'
    return (magic + struct.pack(f'{order}HI', 42, 8 + len(data)) + data + struct.pack(f'{order}H', len(tags)) + table +
            bytes(4))


def grey(values):
    return np.repeat(values[..., None], 3, 2)


def on_white(rgb, alpha):
    return np.rint((rgb * alpha[..., None] + 255 * (255 - alpha[..., None])) / 255)


def test_grey_has_three_equal_channels():
    np.testing.assert_array_equal(read(saved(GREY, 'L')), grey(GREY))
    np.testing.assert_array_equal(read(png(0, 1, np.array([[0b10100000]]))), grey(np.array([[255]])))


@pytest.mark.parametrize('data', [
    png(0, 16, DEEP), tiff(DEEP.astype(np.uint16), '<'), tiff(DEEP.astype(np.uint16), '>'),
    tiff(DEEP.astype(np.int32), '<'), b'P5 7 5 65535\n' + DEEP.astype('>u2').tobytes()])
def test_sixteen_bits_of_grey_are_scaled_to_eight(data):
    np.testing.assert_array_equal(read(data), grey(np.rint(DEEP / 257)))


def test_a_dark_image_of_sixteen_bits_stays_dark():
    assert read(png(0, 16, DEEP % 200)).max() <= 1


@pytest.mark.parametrize('colour_type, channels', [(2, RGB), (6, np.dstack([RGB, ALPHA])),
                                                   (4, np.dstack([GREY, ALPHA]))])
def test_sixteen_bits_of_colour_are_scaled_to_eight(colour_type, channels):
    # Pillow keeps the upper byte, so nothing is lost of v * 257
    np.testing.assert_array_equal(read(png(colour_type, 16, channels * 257)), read(png(colour_type, 8, channels)))


@pytest.mark.parametrize('data, rgb', [(saved(np.dstack([RGB, ALPHA]), 'RGBA'), RGB),
                                       (saved(np.dstack([RGB, ALPHA]), 'RGBA', 'WEBP', lossless=True, exact=True), RGB),
                                       (saved(np.dstack([GREY, ALPHA]), 'LA'), grey(GREY))])
def test_transparent_pixels_are_laid_on_white(data, rgb):
    np.testing.assert_allclose(read(data), on_white(rgb, ALPHA), atol=1)


PALETTE = np.random.default_rng(4).integers(0, 256, (256, 3))


def test_a_palette_gives_its_colours_and_its_transparency():
    palette = b'PLTE', PALETTE.astype(np.uint8).tobytes()
    np.testing.assert_array_equal(read(png(3, 8, GREY, palette)), PALETTE[GREY])
    clear = np.full(256, 255)
    clear[:128] = np.arange(128) * 2
    data = png(3, 8, GREY, palette, (b'tRNS', clear[:128].astype(np.uint8).tobytes()))
    np.testing.assert_allclose(read(data), on_white(PALETTE[GREY], clear[GREY]), atol=1)


def test_a_colour_that_is_named_as_transparent_is_white():
    rgb = RGB.copy()
    rgb[0, :3] = 10, 20, 30
    data = png(2, 8, rgb, (b'tRNS', struct.pack('>HHH', 10, 20, 30)))
    expected = rgb.copy()
    expected[0, :3] = 255
    np.testing.assert_array_equal(read(data), expected)


FLAT = np.array([[[30, 200, 90, 60], [0, 255, 10, 0]], [[255, 0, 0, 255], [120, 40, 250, 20]]])


def blocks(pixels):
    """Each pixel as 16 x 16, so that JPEG keeps it."""
    return pixels.repeat(16, 0).repeat(16, 1)


def of_cmyk(cmyk):
    return (255 - cmyk[..., :3]) * (255 - cmyk[..., 3:]) / 255


def test_cmyk_is_ink_on_white_paper():
    np.testing.assert_allclose(read(saved(FLAT, 'CMYK', 'TIFF')), of_cmyk(FLAT), atol=1)


def test_cmyk_in_a_jpeg_is_inverted_as_adobe_does():
    data = saved(blocks(FLAT), 'CMYK', 'JPEG', quality=100)
    assert b'Adobe' in data
    np.testing.assert_allclose(read(data)[8::16, 8::16], of_cmyk(FLAT), atol=3)


def test_ycck_in_a_jpeg_is_inverted_as_adobe_does():
    # Adobe's CMYK is 255 - ink; YCCK has luma and chroma (JFIF) of 255 minus that, so of the ink, and K as it is.
    # Pillow writes four planes inverted, as "CMYK"; then the transform flag of the Adobe marker makes YCCK of them.
    cyan, magenta, yellow, key = np.moveaxis(FLAT, 2, 0)
    luma = 0.299 * cyan + 0.587 * magenta + 0.114 * yellow
    planes = np.dstack([luma, 128 + 0.564 * (yellow - luma), 128 + 0.713 * (cyan - luma), 255 - key])
    data = bytearray(saved(blocks(255 - np.rint(planes).clip(0, 255)), 'CMYK', 'JPEG', quality=100))
    flag = data.index(b'Adobe') + 11
    assert data[flag] == 0
    data[flag] = 2
    np.testing.assert_allclose(read(bytes(data))[8::16, 8::16], of_cmyk(FLAT), atol=4)
