"""Crops and images out of large pictures, and of images with very many regions."""
import base64
import io
import tarfile

import numpy as np
import pytest
from PIL import Image

from mmrice.datasets.shard_format import regions_path, write_regions
from mmrice.visualization.region_gallery import pictures as module
from mmrice.visualization.region_gallery.pictures import take_pictures


def opened(picture):
    return Image.open(io.BytesIO(base64.b64decode(picture['src'])))


@pytest.fixture
def shard(tmp_path):
    """``shard(boxes) -> tar`` with one image of 1600 x 1200 pixels, red left and blue right of x = 1000."""

    def write(boxes):
        image = np.zeros((1200, 1600, 3), np.uint8)
        image[:, :1000, 0] = image[:, 1000:, 2] = 255
        stream = io.BytesIO()
        Image.fromarray(image).save(stream, 'JPEG')
        with tarfile.open(tmp_path / '000000.tar', 'w') as tar:
            member = tarfile.TarInfo('k.jpg')
            member.size = stream.tell()
            stream.seek(0)
            tar.addfile(member, stream)
        write_regions(regions_path(tmp_path / '000000.tar'), [
            dict(key='k', box=box, kind='object', score=1., labels=[0], text='') for box in boxes])
        return tmp_path / '000000.tar'

    return write


def test_large_images_are_decoded_small_and_boxes_stay_in_their_pixels(shard, monkeypatch):
    sizes, fit = [], module._fit
    monkeypatch.setattr(module, '_fit', lambda picture, *limits: sizes.append(picture.size) or fit(picture, *limits))
    boxes = [[1008., 8., 1592., 1192.], [8., 8., 992., 608.]]
    found = take_pictures([shard(boxes)], [(0, 0), (0, 1)], [(0, 0)])
    assert [opened(crop).convert('RGB').getpixel((20, 20))[::2] for crop in found.crops] == [(0, 254), (254, 0)]
    assert [(crop['w'], crop['h']) for crop in found.crops] == [(47, 96), (157, 96)]
    image, = found.images
    assert (image['w'], image['h']) == (1600, 1200) and opened(image).size == (512, 384)
    assert [box[:4] for box in image['boxes']] == boxes
    assert sizes[-1] == (800, 600)  # the decoder halved it


def test_a_small_box_of_a_large_image_keeps_its_pixels(shard):
    found = take_pictures([shard([[960., 100., 1040., 180.]])], [(0, 0)], [])
    crop = opened(found.crops[0]).convert('RGB')
    assert crop.size == (80, 80) and found.images == []
    assert crop.getpixel((30, 40))[0] > 200 and crop.getpixel((50, 40))[2] > 200


def test_of_very_many_boxes_some_are_drawn_those_with_a_crop_among_them(shard):
    tar = shard([[n, 0., n + 9., 9.] for n in range(300)])
    image, = take_pictures([tar], [(0, 290)], [(0, 0)]).images
    assert len(image['boxes']) == 200 and image['total'] == 300
    assert image['boxes'][-1][0] == 290


def test_captions_stand_beside_an_image_and_are_no_boxes(shard):
    tar = shard([])
    texts = [('caption', [0., 0., 1600., 1200.], 'A red wall.'), ('text', [8., 8., 900., 900.], 'red'),
             ('caption', [0., 0., 1600., 1200.], 'A blue wall.')]
    write_regions(regions_path(tar), [dict(key='k', box=box, kind=kind, score=1., labels=[], text=text)
                                      for kind, box, text in texts])
    image, = take_pictures([tar], [], [(0, 0)]).images
    assert image['captions'] == ['A red wall.', 'A blue wall.'] and image['total'] == 1
    assert [box[4:] for box in image['boxes']] == [['text', 1.0, [], 'red']]


def test_tags_have_their_names_those_of_the_image_below_it(shard):
    tar = shard([])
    write_regions(regions_path(tar), [
        dict(key='k', box=box, kind=kind, score=1., labels=labels, text='') for kind, box, labels in (
            ('image_tags', [0., 0., 1600., 1200.], [1, 0]), ('tags', [8., 8., 900., 900.], [2, 1]))])
    image, = take_pictures([tar], [], [(0, 0)], ['sea', 'dog']).images
    assert image['captions'] == ['tags: dog, sea'] and image['total'] == 1
    assert [box[4:] for box in image['boxes']] == [['tags', 1.0, [], '#2, dog']]
