import warnings

import numpy as np
import pytest

pytest.importorskip('onnx')
pytest.importorskip('onnxruntime')
hf = pytest.importorskip('transformers')

import torch  # noqa: E402
from tiny_sam import EDGE, draw, write_sam  # noqa: E402

from mmrice.data_engine.proposers import ONNXSAMProposer, SAMProposer  # noqa: E402


class Encoder(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model.get_image_embeddings(x)


class Decoder(Encoder):
    def forward(self, image_embeddings, point_coords, point_labels, mask_input, has_mask_input, orig_im_size):
        found = self.model(image_embeddings=image_embeddings, input_points=point_coords[None, :, :1],
                           input_labels=point_labels[None, :, :1].long())
        unused = 0 * (mask_input.sum() + has_mask_input.sum() + orig_im_size.sum())
        return found.pred_masks[0] + unused, found.iou_scores[0], found.pred_masks[0]


def export(model, folder):
    """Write encoder.onnx and decoder.onnx as Segment Anything's script does: one point at a time."""
    edge = EDGE // 8
    inputs = {'image_embeddings': torch.rand(1, 64, edge, edge), 'point_coords': torch.rand(1, 2, 2) * EDGE,
              'point_labels': torch.tensor([[1.0, -1.0]]), 'mask_input': torch.zeros(1, 1, EDGE // 4, EDGE // 4),
              'has_mask_input': torch.zeros(1), 'orig_im_size': torch.tensor([48.0, 64.0])}
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        torch.onnx.export(Encoder(model), (torch.rand(1, 3, EDGE, EDGE),), folder / 'encoder.onnx', dynamo=False,
                          input_names=['x'], output_names=['image_embeddings'])
        torch.onnx.export(Decoder(model), tuple(inputs.values()), folder / 'decoder.onnx', dynamo=False,
                          input_names=list(inputs), output_names=['masks', 'iou_predictions', 'low_res_masks'])
    return str(folder / 'encoder.onnx'), str(folder / 'decoder.onnx')


@pytest.mark.parametrize('shape', [(90, 120)])
def test_a_sam_exported_to_onnx_finds_the_boxes_that_it_finds_in_transformers(tmp_path, shape):
    folder = write_sam(tmp_path / 'sam')
    options = {'points_per_side': 4, 'pred_iou_thresh': -9, 'stability_score_thresh': 0, 'crops_n_layers': 1}
    image = draw(*shape)
    expected = SAMProposer(folder, **options).candidates(image, {})
    exported = export(hf.SamModel.from_pretrained(folder).eval(), tmp_path)
    found = ONNXSAMProposer(*exported, **options).candidates(image, {})
    assert len(np.unique(expected.boxes, axis=0)) > 10
    np.testing.assert_allclose(found.boxes, expected.boxes)
    np.testing.assert_allclose(found.scores, expected.scores, rtol=1e-3)
