import sys

import numpy as np
import pytest

onnx = pytest.importorskip('onnx')
pytest.importorskip('onnxruntime')

from PIL import Image  # noqa: E402
from sam_graphs import EDGE, write_decoder, write_encoder  # noqa: E402

from mmrice.data_engine.proposers import ONNXSAMProposer  # noqa: E402
from mmrice.utils import UserError  # noqa: E402

ALL = {'min_edge': 1, 'max_aspect': 99, 'max_area': 1, 'nms_iou': 1, 'stability_score_thresh': 0, 'points_per_side': 2}
MEAN, STD = np.array([123.675, 116.28, 103.53], np.float32), np.array([58.395, 57.12, 57.375], np.float32)


def draw(height, width):
    return np.random.default_rng(0).integers(0, 255, (height, width, 3)).astype(np.uint8)


def extent(centre, half, edge):
    inside = [i for i in range(edge) if abs(i + 0.5 - centre) < half]
    return inside[0], inside[-1] + 1


@pytest.fixture
def encoder(tmp_path):
    return write_encoder(tmp_path / 'encoder.onnx')


@pytest.mark.parametrize('batch', [1, 'batch'])
@pytest.mark.parametrize('shape', [(64, 64), (48, 80), (200, 120)])
def test_squares_around_the_points_become_their_boxes_in_the_image(tmp_path, encoder, shape, batch):
    decoder = write_decoder(tmp_path / 'decoder.onnx', batch=batch)
    found = ONNXSAMProposer(encoder, decoder, points_per_batch=3, **ALL)(draw(*shape), {})
    (height, width), half = shape, 12 * max(shape) / EDGE
    expected = []
    for y in (0.25, 0.75):
        for x in (0.25, 0.75):
            (x1, x2), (y1, y2) = extent(x * width, half, width), extent(y * height, half, height)
            expected.append([x1, y1, x2, y2])
    np.testing.assert_allclose(found.boxes, expected, atol=1)
    np.testing.assert_allclose(found.scores, 0.95, rtol=1e-6)


def test_of_four_masks_the_first_is_left_out_and_all_must_be_sure_and_stable(tmp_path, encoder):
    decoder = write_decoder(tmp_path / 'decoder.onnx', halves=(15, 6, 9, 13), ious=(0.99, 0.99, 0.5, 0.9))
    boxes = ONNXSAMProposer(encoder, decoder, **ALL)(draw(EDGE, EDGE), {}).boxes
    sides = (boxes[:, 2:] - boxes[:, :2])[:, 0]
    assert sides.tolist() == [12] * 4 + [26] * 4  # ordered by their predicted IoU
    boxes = ONNXSAMProposer(encoder, decoder, **{**ALL, 'stability_score_thresh': 0.7})(draw(EDGE, EDGE), {}).boxes
    assert (boxes[:, 2:] - boxes[:, :2])[:, 0].tolist() == [26] * 4  # 26 px are 0.73 stable, 12 px 0.51


SMALL = (46, EDGE)  # what becomes of an image of 91 x 128 px


@pytest.mark.parametrize('shape, kind, expected', [
    ([1, 3, EDGE, EDGE], np.float32, 'normalised'), ([1, 3, 'h', 'w'], np.float32, 'normalised'),
    (['h', 'w', 3], np.float32, 'small'), (['h', 'w', 3], np.uint8, 'small'),
    ([EDGE, EDGE, 3], np.float32, 'filled'), ([1, EDGE, EDGE, 3], np.uint8, 'filled')])
def test_the_image_is_given_as_the_encoder_wants_it(tmp_path, shape, kind, expected):
    path = write_encoder(tmp_path / 'encoder.onnx', shape, onnx.helper.np_dtype_to_tensor_dtype(np.dtype(kind)),
                         name='input_image', output='embeddings')
    image = draw(91, 128)
    encoded = ONNXSAMProposer(path, write_decoder(tmp_path / 'decoder.onnx'), **ALL).encode(image)
    small = np.asarray(Image.fromarray(image).resize(SMALL[::-1], Image.BILINEAR)).astype(np.float32)
    filled = np.tile(MEAN.round(), (EDGE, EDGE, 1))
    filled[:SMALL[0]] = small
    normalised = np.zeros((EDGE, EDGE, 3), np.float32)
    normalised[:SMALL[0]] = (small - MEAN) / STD
    wanted = {'small': small, 'filled': filled, 'normalised': normalised.transpose(2, 0, 1)}[expected]
    assert encoded.content == SMALL and encoded.frame == (EDGE, EDGE) and encoded.size == (91, 128)
    np.testing.assert_allclose(encoded.embedding, wanted[None] if len(shape) == 4 else wanted, rtol=1e-5, atol=1e-5)


def test_an_encoder_lower_than_wide_gets_the_whole_image_and_boxes_are_right(tmp_path):
    encoder = write_encoder(tmp_path / 'encoder.onnx', [40, EDGE, 3], output='image_embeddings')
    decoder = write_decoder(tmp_path / 'decoder.onnx')
    # The decoder takes only embeddings of rank 4 from real models; this one does not look at them.
    proposer = ONNXSAMProposer(encoder, decoder, **ALL)
    encoded = proposer.encode(draw(80, 80))
    assert encoded.content == (40, 40) and encoded.embedding.shape == (40, EDGE, 3)
    logits, _ = proposer.decode(encoded._replace(embedding=encoded.embedding[None]), np.array([[10.0, 30.0]]))
    peak = np.unravel_index(logits[0, 0].argmax().item(), (EDGE // 4, EDGE // 4))
    assert peak == (7, 2)


def test_normalising_can_be_asked_for_and_left_out(tmp_path):
    decoder, image = write_decoder(tmp_path / 'decoder.onnx'), draw(EDGE, EDGE)
    planes = write_encoder(tmp_path / 'planes.onnx', [1, 3, EDGE, EDGE])
    plain = ONNXSAMProposer(planes, decoder, normalise=False).encode(image).embedding
    np.testing.assert_array_equal(plain[0], image.transpose(2, 0, 1))
    pixels = write_encoder(tmp_path / 'pixels.onnx', ['h', 'w', 3])
    unit = ONNXSAMProposer(pixels, decoder, normalise=True, mean=(0, 0, 0), std=(255, 255, 255)).encode(image).embedding
    np.testing.assert_allclose(unit, image / 255, rtol=1e-6)


def test_one_encoder_run_serves_all_points_of_an_image(tmp_path, encoder, monkeypatch):
    proposer = ONNXSAMProposer(encoder, write_decoder(tmp_path / 'decoder.onnx'), **{**ALL, 'points_per_side': 4})
    run, paths = proposer._run, []
    monkeypatch.setattr(proposer, '_run', lambda session, path, *rest: (paths.append(path.name),
                                                                        run(session, path, *rest))[1])
    proposer(draw(EDGE, EDGE), {})
    assert paths == ['encoder.onnx', *['decoder.onnx'] * 16]


def test_files_of_weights_beside_the_models_are_in_the_fingerprint(tmp_path, encoder):
    proposer = ONNXSAMProposer(encoder, write_decoder(tmp_path / 'decoder.onnx'))
    seen = [proposer.fingerprint()]
    write_decoder(tmp_path / 'decoder.onnx', halves=(9.0,))
    seen.append(proposer.fingerprint())
    for content in (b'1', b'2'):
        (tmp_path / 'encoder.onnx_data').write_bytes(content)
        seen.append(proposer.fingerprint())
    assert all(seen[i] != seen[j] for i in range(4) for j in range(i))


@pytest.mark.parametrize('arguments, message', [
    ({'rename': {'point_coords': 'points'}}, 'decoder.onnx: has no point_coords; expected the inputs image_embeddings'),
    ({'rename': {'low_res_masks': 'coarse'}}, 'decoder.onnx: has no low_res_masks; .* outputs iou_predictions'),
    ({'extra': ('high_res_feats_0',)}, 'decoder.onnx: wants high_res_feats_0 too; .* For a SAM2, use mmrice.SAMProp')])
def test_a_decoder_of_another_layout_is_refused_with_what_is_expected(tmp_path, encoder, arguments, message):
    decoder = write_decoder(tmp_path / 'decoder.onnx', **arguments)
    with pytest.raises(UserError, match=message):
        ONNXSAMProposer(encoder, decoder)(draw(EDGE, EDGE), {})


def test_wrong_encoders_files_and_devices_are_refused(tmp_path, encoder):
    decoder, image = write_decoder(tmp_path / 'decoder.onnx'), draw(EDGE, EDGE)
    with pytest.raises(UserError, match='none.onnx: no such file'):
        ONNXSAMProposer(str(tmp_path / 'none.onnx'), decoder).fingerprint()
    with pytest.raises(UserError, match='decoder.onnx: its inputs are image_embeddings.*swapped'):
        ONNXSAMProposer(decoder, encoder)(image, {})
    with pytest.raises(UserError, match=r'grey.onnx: its input has the shape \[1, 1, 64, 64\], expected an image'):
        ONNXSAMProposer(write_encoder(tmp_path / 'grey.onnx', [1, 1, EDGE, EDGE]), decoder)(image, {})
    (tmp_path / 'text.onnx').write_text('no model')
    with pytest.raises(UserError, match='text.onnx: onnxruntime cannot open it'):
        ONNXSAMProposer(str(tmp_path / 'text.onnx'), decoder)(image, {})
    with pytest.raises(UserError, match="device is 'meta', but this onnxruntime runs on 'cpu' alone"):
        ONNXSAMProposer(encoder, decoder, device='meta')(image, {})


def test_a_model_that_fails_is_named_with_what_it_was_given(tmp_path):
    encoder = write_encoder(tmp_path / 'encoder.onnx', [2, 3, EDGE, EDGE])
    with pytest.raises(UserError, match=r'encoder.onnx: onnxruntime failed on x \[1, 3, 64, 64\]: '):
        ONNXSAMProposer(encoder, write_decoder(tmp_path / 'decoder.onnx'))(draw(EDGE, EDGE), {})


def test_without_onnxruntime_the_message_says_what_to_install(tmp_path, encoder, monkeypatch):
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    with pytest.raises(UserError, match='ONNXSAMProposer needs onnxruntime.*pip install'):
        ONNXSAMProposer(encoder, write_decoder(tmp_path / 'decoder.onnx'))(draw(EDGE, EDGE), {})
