import json

import pytest


def known(number):
    """What is known of an image of 128 px: a caption or two, boxes that end past the edge, none for number 3."""
    if number == 3:
        return {'file_name': '03.jpg', 'caption': '', 'regions': []}
    caption = f'A disc  of number {number}.'
    return {'file_name': f'{number:02d}.jpg', 'caption': [caption, 'Shapes.'] if number == 5 else caption, 'regions': [
        {'box': [4 * number, 8, 4 * number + 96, 64], 'phrase': f'disc {number}'},
        {'box': [0, 0, 20.5, 10], 'phrase': 'the corner'}]}


@pytest.fixture
def text_file(tmp_path):
    """Texts of images 00 to 08; nobody has described 09."""
    path = tmp_path / 'texts.jsonl'
    path.write_text(''.join(json.dumps(known(number)) + '\n' for number in range(9)))
    return path


@pytest.fixture
def texts(engine, text_file):
    """An engine of texts alone."""
    files = {'photos': str(text_file)}
    return {'ingest': engine['ingest'], 'caption': {'type': 'mmrice.AnnotatedCaptions', 'files': files},
            'ground': {'type': 'mmrice.AnnotatedPhrases', 'files': files}, 'label': {}}
