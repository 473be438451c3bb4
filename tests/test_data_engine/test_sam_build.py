import numpy as np
import pytest

pytest.importorskip('onnx')
pytest.importorskip('onnxruntime')

from sam_graphs import write_decoder, write_encoder

from mmrice.data_engine.build import Build
from mmrice.data_engine.executors import LocalExecutor


@pytest.fixture
def sam_engine(engine, tmp_path):
    encoder, decoder = write_encoder(tmp_path / 'encoder.onnx'), write_decoder(tmp_path / 'decoder.onnx')
    engine['propose'] = {'type': 'mmrice.ONNXSAMProposer', 'encoder': encoder, 'decoder': decoder, 'points_per_side': 2,
                         'stability_score_thresh': 0.5, 'min_edge': 12}
    return engine


def test_a_build_takes_its_boxes_from_a_sam(sam_engine, tmp_path):
    Build(sam_engine, tmp_path / 'out', LocalExecutor(0)).run(['ingest', 'propose'])
    with np.load(tmp_path / 'out' / '.work' / '000001.propose.npz') as proposals:
        assert proposals['counts'].tolist()[:2] == [4, 4]
        boxes = proposals['boxes'][:4].tolist()
        np.testing.assert_allclose(proposals['scores'], 0.95, rtol=1e-6)
    # Half edge 12 of 64 px around the points at 32 and 96 of 128 px.
    expected = [[x - 24, y - 24, x + 24, y + 24] for y in (32, 96) for x in (32, 96)]
    np.testing.assert_allclose(boxes, expected, atol=1)
