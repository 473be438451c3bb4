import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from mmrice.data_engine.images import Reject, decode_jpeg, encode_jpeg, open_rgb, shrink

LIMIT = 10**6


def encode(image, format='PNG', **kwargs):
    stream = io.BytesIO()
    image.save(stream, format, **kwargs)
    return stream.getvalue()


def frames(format):
    images = [Image.new('RGB', (8, 8), colour) for colour in ('red', 'blue')]
    return encode(images[0], format, save_all=True, append_images=images[1:])


def oriented(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def png_header(width, height):
    """A grey PNG that states a size and has no pixels."""
    chunk = b'IHDR' + struct.pack('>IIBBBBB', width, height, 8, 0, 0, 0, 0)
    return (b'\x89PNG\r\n\x1a\n' + struct.pack('>I', 13) + chunk + struct.pack('>I', zlib.crc32(chunk)) +
            struct.pack('>I', 999) + b'IDAT')


def test_an_upright_rgb_jpeg_is_plain_and_others_are_not():
    image = Image.new('RGB', (8, 6), (200, 10, 10))
    assert open_rgb(encode(image, 'JPEG'), LIMIT)[1]
    assert not open_rgb(encode(image), LIMIT)[1]
    assert not open_rgb(encode(image, 'JPEG', exif=oriented(6)), LIMIT)[1]
    assert not open_rgb(encode(image.convert('L'), 'JPEG'), LIMIT)[1]


# EXIF 2.3, table of tag 274: where the stored first row and first column are in the scene.
@pytest.mark.parametrize('orientation, upright', [
    (1, lambda stored: stored), (2, lambda stored: stored[:, ::-1]), (3, lambda stored: stored[::-1, ::-1]),
    (4, lambda stored: stored[::-1]), (5, lambda stored: stored.swapaxes(0, 1)),
    (6, lambda stored: stored[::-1].swapaxes(0, 1)), (7, lambda stored: stored[::-1, ::-1].swapaxes(0, 1)),
    (8, lambda stored: stored[:, ::-1].swapaxes(0, 1)), (99, lambda stored: stored)])
@pytest.mark.parametrize('format', ['PNG', 'WEBP', 'TIFF'])
def test_exif_orientation_turns_the_image(orientation, upright, format):
    stored = np.random.default_rng(0).integers(0, 255, (4, 6, 3)).astype(np.uint8)
    data = encode(Image.fromarray(stored), format, exif=oriented(orientation), lossless=True)
    np.testing.assert_array_equal(np.asarray(open_rgb(data, LIMIT)[0]), upright(stored))


def test_an_image_whose_exif_is_broken_is_taken_as_upright():
    data = bytearray(encode(Image.new('RGB', (8, 6), 'red'), 'JPEG', exif=oriented(6)))
    start = data.index(b'Exif\0\0') + 6
    data[start:start + 8] = b'\xff' * 8
    assert open_rgb(bytes(data), LIMIT)[0].size == (8, 6)


@pytest.mark.parametrize('data', [frames('GIF'), frames('WEBP'), frames('PNG'), frames('TIFF')])
def test_files_with_several_frames_are_rejected(data):
    with pytest.raises(Reject, match='animated: 2 frames or pages') as reject:
        open_rgb(data, LIMIT)
    assert reject.value.kind == 'animated'


def test_of_a_jpeg_with_more_pictures_behind_it_the_first_is_taken():
    image, plain = open_rgb(frames('MPO'), LIMIT)
    assert not plain and image.getpixel((4, 4))[0] > 250


@pytest.mark.parametrize('data, limit, reason', [
    (png_header(60_000, 60_000), LIMIT, 'too large: 60000 x 60000 px, limit 1000000 px'),
    (encode(Image.new('1', (1200, 1000))), LIMIT, 'too large: 1200 x 1000 px'),
    (png_header(14_000, 14_000), 10**9, 'truncated')])  # above Pillow's own limit: it comes as far as the pixels
def test_a_decompression_bomb_is_refused_by_its_header(data, limit, reason, recwarn):
    with pytest.raises(Reject, match=reason):
        open_rgb(data, limit)
    assert not recwarn.list and Image.MAX_IMAGE_PIXELS


def test_a_small_image_is_refused_by_its_header():
    assert open_rgb(encode(Image.new('RGB', (30, 20))), LIMIT, 20)[0].size == (30, 20)
    with pytest.raises(Reject, match='too small: 30 x 20 px, least edge 21 px') as reject:
        open_rgb(png_header(30, 20), LIMIT, 21)
    assert reject.value.kind == 'too small'


def noise(channels=None):
    shape = (64, 64) if channels is None else (64, 64, channels)
    return Image.fromarray(np.random.default_rng(1).integers(0, 255, shape).astype(np.uint8))


@pytest.mark.parametrize('data, reason', [
    (b'', 'zero bytes'), (b'hello', 'unreadable: no known image format'),
    (encode(noise(), 'JPEG')[:600], 'truncated'), (encode(noise(), 'JPEG')[:-2], 'truncated'),
    (encode(noise())[:600], 'truncated'), (encode(noise(3), 'BMP')[:600], 'truncated'),
    (encode(noise(3), 'GIF')[:1600], 'truncated'), (encode(noise(3), 'WEBP')[:600], 'unreadable'),
    (encode(Image.new('F', (4, 4)), 'TIFF'), 'unreadable: floating-point'),
    (encode(Image.fromarray(np.array([[0, 70_000]], np.int32)), 'TIFF'), 'unreadable: 32-bit pixels'),
    (encode(Image.fromarray(np.array([[-1, 9]], np.int32)), 'TIFF'), 'unreadable: 32-bit pixels')])
def test_an_unusable_file_is_rejected_with_its_reason(data, reason):
    with pytest.raises(Reject, match=reason):
        open_rgb(data, LIMIT)


def test_a_damaged_file_is_rejected_or_read_and_never_stops_the_build():
    rng = np.random.default_rng(0)
    read = 0
    for format in ('JPEG', 'PNG', 'GIF', 'WEBP', 'BMP', 'TIFF', 'PPM'):
        whole = encode(noise(3), format)
        for _ in range(40):
            data = bytearray(whole[:rng.integers(1, len(whole))] if rng.random() < 0.3 else whole)
            for place in rng.integers(0, min(len(data), 300), 3):
                data[place] = rng.integers(256)
            try:
                read += open_rgb(bytes(data), LIMIT)[0].mode == 'RGB'
            except Reject as reject:
                assert ' at 0x' not in str(reject), 'an address would differ from run to run'
    assert 0 < read < 280


def test_shrinking_keeps_the_aspect_and_never_enlarges():
    image = Image.new('RGB', (100, 50))
    assert shrink(image, 40).size == (40, 20)
    assert shrink(image, 200) is image and shrink(image, None) is image


def test_jpegs_come_back_as_rgb():
    image = Image.new('RGB', (16, 8), (250, 20, 90))
    jpeg = encode_jpeg(image, 95)
    image.info['comment'] = b'x' * 70_000  # longer than a JPEG can hold
    assert jpeg == encode_jpeg(image, 95)
    assert decode_jpeg(jpeg).shape == (8, 16, 3)
    np.testing.assert_allclose(decode_jpeg(jpeg)[4, 4], (250, 20, 90), atol=3)
