import os

import pytest

from mmrice.data_engine.sources import ImageList
from mmrice.utils import UserError


def test_lines_are_taken_in_order_relative_to_the_list_or_to_a_root(pictures, load):
    lines = ['\ufeffb/0.png\r', '', str(pictures / 'a/1.jpg'), 'a/0.jpg']
    (pictures / 'list.txt').write_bytes('\n'.join(lines).encode())
    keys, kept, left = load(ImageList({'web': pictures / 'list.txt'}, min_edge=8))
    assert [image.record['file'] for image in kept] == ['b/0.png', str(pictures / 'a/1.jpg'), 'a/0.jpg']
    assert keys[0] == 'web_b_0' and keys[2] == 'web_a_0' and not left
    (pictures / 'list.txt').write_text('0.jpg\n')
    assert load(ImageList({'web': pictures / 'list.txt'}, root=pictures / 'a', min_edge=8))[0] == ['web_0']


def test_missing_and_repeated_files_are_no_errors(pictures, load):
    (pictures / 'list.txt').write_text('a/0.jpg\nnone.jpg\na/0.jpg\na\0b\n')
    keys, _, left = load(ImageList({'web': pictures / 'list.txt'}, min_edge=8))
    assert keys == ['web_a_0', 'web_a_0~2']
    assert left == [('none.jpg', 'missing: no such file'), ('a\0b', 'missing: no such file')]


def test_a_file_name_that_is_no_utf8_is_found(pictures, load):
    name = b'\xff\xfe.jpg'
    (pictures / 'a/0.jpg').rename(os.fsdecode(os.fsencode(pictures) + b'/' + name))
    (pictures / 'list.txt').write_bytes(name)
    assert load(ImageList({'web': pictures / 'list.txt'}, min_edge=8))[0] == ['web__']


def test_a_wrong_list_is_named(pictures):
    with pytest.raises(UserError, match=r"list.txt: no such list of images \(source 'web'\)"):
        list(ImageList({'web': pictures / 'list.txt'}).plan())
    (pictures / 'list.txt').write_text('c.jpg\nd.jpg\n')
    with pytest.raises(UserError, match='none of its 2 files is there; relative paths start at .*pictures. Set engine'):
        list(ImageList({'web': pictures / 'list.txt'}).plan())
    (pictures / 'list.txt').write_text('\n')
    with pytest.raises(UserError, match='list.txt: names no image'):
        list(ImageList({'web': pictures / 'list.txt'}).plan())
    with pytest.raises(UserError, match='sources is empty'):
        ImageList({})
