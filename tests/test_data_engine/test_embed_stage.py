import threading
import tracemalloc

import cv2
import numpy as np
import pytest

from mmrice.data_engine.encoders import HandcraftedEncoder, MMPretrainEncoder
from mmrice.data_engine.images import decode_jpeg
from mmrice.data_engine.stages.embed import embed, embed_shard, one_ahead
from mmrice.data_engine.workspace import Workspace, read_tar, write_tar
from mmrice.utils import UserError

RESNET = {'type': 'mmpretrain.ResNet', 'depth': 18, 'base_channels': 8, 'stem_channels': 8}


def write_shard(root, counts, side=64):
    """A shard of random images with these numbers of boxes; images without are empty files."""
    rng, space = np.random.default_rng(0), Workspace(root)
    images = []
    for number in range(len(counts)):
        coarse = rng.integers(0, 256, (4, 4, 3), np.uint8)
        pixels = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_NEAREST)
        images.append((f'{number:03d}', cv2.imencode('.jpg', pixels)[1].tobytes() if counts[number] else b''))
    write_tar(space.tar('000000'), images)
    corners = rng.uniform(0, side / 2, (sum(counts), 2))
    boxes = np.concatenate([corners, corners + side / 3], 1).astype(np.float32)
    space.work('000000', 'propose', 'npz').parent.mkdir()
    np.savez(space.work('000000', 'propose', 'npz'), counts=np.array(counts, np.int64), boxes=boxes,
             scores=np.ones(len(boxes), np.float32))
    return space, boxes


def rows_of(space, encoder):
    embed_shard(encoder, space, '000000', None)
    return np.load(space.work('000000', 'embed', 'npy'))


class Note:
    """An encoder without halves; a row is the corner of a box and the mean colour of its image."""

    def __init__(self, batch_size=4, **attributes):
        self.batch_size, self.batches = batch_size, []
        self.__dict__.update(attributes)

    def __call__(self, images, boxes):
        self.batches.append([len(one) for one in boxes])
        return np.concatenate([np.concatenate([one, np.tile(image.mean((0, 1)), (len(one), 1))], 1)
                               for image, one in zip(images, boxes)]).astype(np.float16)


def test_rows_are_those_of_each_image_in_order_and_images_without_boxes_are_not_decoded(tmp_path):
    space, boxes = write_shard(tmp_path, [2, 0, 5, 1, 0])
    rows = rows_of(space, HandcraftedEncoder(batch_size=3))
    images = [decode_jpeg(jpeg) if jpeg else None for _, jpeg in read_tar(space.tar('000000'))]
    owners = np.repeat(np.arange(5), [2, 0, 5, 1, 0])
    expected = np.concatenate([HandcraftedEncoder()([images[owner]], [box[None]]) for owner, box in zip(owners, boxes)])
    np.testing.assert_allclose(rows.astype(np.float32), expected.astype(np.float32), atol=1e-3)
    assert rows.shape == (8, 876) and rows.dtype == np.float16


def test_the_file_is_what_numpy_would_save(tmp_path):
    space, boxes = write_shard(tmp_path, [2, 3])
    rows = rows_of(space, Note())
    np.save(tmp_path / 'all.npy', rows)
    np.testing.assert_array_equal(rows[:, :4], boxes.astype(np.float16))
    assert (tmp_path / 'all.npy').read_bytes() == space.work('000000', 'embed', 'npy').read_bytes()


@pytest.mark.parametrize(('counts', 'attributes', 'batches'), [
    ([2, 0, 5, 1, 2], {}, [[2, 2], [3, 1], [2]]),
    ([9], {}, [[4], [4], [1]]),
    ([2, 0, 5, 1, 2], {'batch_of': 'images', 'batch_size': 3}, [[2, 5, 1], [2]])])
def test_batches_are_full_across_images(counts, attributes, batches, tmp_path):
    encoder = Note(**attributes)
    rows_of(write_shard(tmp_path, counts)[0], encoder)
    assert encoder.batches == batches


def test_rows_do_not_depend_on_how_regions_are_batched(tmp_path):
    pytest.importorskip('mmpretrain')
    space, _ = write_shard(tmp_path, [2, 7, 4])
    rows = [rows_of(space, MMPretrainEncoder(RESNET, input_size=32, batch_size=size)).astype(np.float32)
            for size in (1, 5, 64)]
    assert np.abs(rows[0][0] - rows[0][1]).max() > 0.01
    np.testing.assert_allclose(rows[1], rows[0], atol=1e-3)
    np.testing.assert_allclose(rows[2], rows[0], atol=1e-3)


@pytest.mark.parametrize('counts', [[], [0, 0]])
def test_a_shard_without_regions_has_an_empty_file(counts, tmp_path):
    encoder = Note()
    rows = rows_of(write_shard(tmp_path, counts)[0], encoder)
    assert rows.shape == (0, 0) and rows.dtype == np.float16 and not encoder.batches


def test_the_next_batch_is_prepared_while_the_model_runs():
    prepared = [threading.Event() for _ in range(3)]

    class Waits(HandcraftedEncoder):
        def prepare(self, image, boxes):
            prepared[int(boxes[0, 0])].set()
            return super().prepare(image, boxes)

        def embed(self, crops):
            assert all(event.wait(10) for event in prepared[:2])
            return super().embed(crops)

    pairs = [(np.zeros((32, 32, 3), np.uint8), np.float32([[number, 0, 16, 16]])) for number in range(3)]
    batches = embed(Waits(batch_size=1), pairs)
    assert next(batches)[0] == 1 and not prepared[2].is_set()
    assert len(list(batches)) == 2


def test_an_error_in_the_thread_reaches_the_caller():
    def items():
        yield 1
        raise UserError('broken')

    ahead = one_ahead(items())
    assert next(ahead) == 1
    with pytest.raises(UserError, match='broken'):
        next(ahead)


def test_memory_does_not_grow_with_the_number_of_images(tmp_path):
    class Wide(Note):
        def __call__(self, images, boxes):
            return np.ones((sum(map(len, boxes)), 20_000), np.float16)

    peaks = []
    for count in (10, 60):
        space, _ = write_shard(tmp_path / str(count), [8] * count)
        tracemalloc.start()
        embed_shard(Wide(), space, '000000', None)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 1e6  # all rows of the larger shard are 19 MB


@pytest.mark.parametrize(('answer', 'message'), [
    (lambda count: np.zeros((count + 1, 3), np.float16), r'Bad returned an array of shape \(5, 3\) for 4 regions'),
    (lambda count: np.full((count, 3), np.nan, np.float16), 'Bad returned numbers that are not finite')])
def test_a_wrong_answer_of_an_encoder_is_named_and_leaves_no_file(answer, message, tmp_path):
    class Bad(Note):
        def __call__(self, images, boxes):
            return answer(sum(map(len, boxes)))

    space, _ = write_shard(tmp_path, [2, 3])
    with pytest.raises(UserError, match=message):
        embed_shard(Bad(), space, '000000', None)
    assert [path.name for path in sorted(space.work('x').parent.iterdir())] == ['000000.propose.npz']
