import cv2
import numpy as np
import pytest
from killing import kill_before_stamp  # noqa: F401


def draw_image(seed, size=128):
    """A noisy ground with three filled shapes, RGB uint8."""
    rng = np.random.default_rng(seed)
    image = rng.integers(90, 110, (size, size, 3)).astype(np.uint8)
    for _ in range(3):
        x, y, r = (int(v) for v in (*rng.integers(20, size - 20, 2), rng.integers(10, 20)))
        colour = [int(v) for v in rng.integers(0, 255, 3)]
        if rng.random() < 0.5:
            cv2.circle(image, (x, y), r, colour, -1)
        else:
            cv2.rectangle(image, (x - r, y - r), (x + r, y + r), colour, -1)
    return image


@pytest.fixture
def image():
    return draw_image(3)


@pytest.fixture
def photo_folder(tmp_path):
    """Ten readable JPEGs and one empty file."""
    folder = tmp_path / 'photos'
    folder.mkdir()
    for number in range(10):
        cv2.imwrite(str(folder / f'{number:02d}.jpg'), draw_image(number)[..., ::-1])
    (folder / '04b.jpg').write_bytes(b'')
    return folder


@pytest.fixture
def engine(photo_folder):
    """A small engine without OCR: three shards, eight clusters."""
    return {
        'ingest': {'type': 'mmrice.ImageFolders', 'sources': {'photos': str(photo_folder)}, 'images_per_shard': 4,
                   'min_edge': 64},
        'propose': {'type': 'mmrice.SelectiveSearchProposer', 'scales': [100], 'min_edge': 12, 'max_regions': 6},
        'embed': {'type': 'mmrice.HandcraftedEncoder', 'size': 32, 'cell': 8},
        'cluster': {'type': 'mmrice.FaissKMeans', 'num_clusters': 8, 'num_threads': 1, 'iterations': 5},
        'label': {'vocabulary': {'type': 'mmrice.WordVocabulary', 'min_count': 1}},
    }
