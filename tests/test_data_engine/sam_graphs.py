"""ONNX encoders and decoders in the layout of exported SAMs whose boxes are known."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

EDGE = 64  # of the model's input, px


def _save(path, nodes, inputs, outputs, constants=()):
    graph = helper.make_graph(
        nodes, 'sam', [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return str(path)


def write_encoder(path, shape=(1, 3, EDGE, EDGE), kind=TensorProto.FLOAT, name='x', output='image_embeddings'):
    """An encoder whose embedding is its image."""
    cast = helper.make_node('Cast', [name], [output], to=TensorProto.FLOAT)
    return _save(path, [cast], [(name, kind, shape)], [(output, [None] * len(shape))])


def write_decoder(path, halves=(12.0,), ious=(0.95,), batch=1, rename=None, extra=()):
    """A decoder that sees squares of half edges ``halves`` (px of the input) around the first point.

    Its predicted IoU is ``ious`` times label 1 times -label 2, less all of the mask input: what it asks for must be fed
    right. Its enlarged masks are nonsense, as those of an export for photos of another shape.
    """
    centres = ((np.arange(EDGE // 4) + 0.5) * 4).astype(np.float32)
    rename = rename or {}

    def node(kind, inputs, output, **attributes):
        outputs = [rename.get(name, name) for name in output.split()]
        return helper.make_node(kind, [rename.get(name, name) for name in inputs.split()], outputs, **attributes)

    nodes = [
        node('Gather', 'point_coords first', 'point', axis=1), node('Split', 'point ones', 'u v', axis=1),
        node('Unsqueeze', 'u last', 'x'), node('Unsqueeze', 'v last', 'y'),
        node('Sub', 'columns x', 'dx'), node('Sub', 'rows y', 'dy'), node('Abs', 'dx', 'ax'), node('Abs', 'dy', 'ay'),
        node('Max', 'ax ay', 'far'), node('Sub', 'halves far', 'low_res_masks'),
        node('Gather', 'point_labels first', 'label', axis=1), node('Gather', 'point_labels second', 'pad', axis=1),
        node('Mul', 'label pad', 'both'), node('Neg', 'both', 'sign'), node('Unsqueeze', 'sign one', 'signs'),
        node('Mul', 'signs ious', 'product'), node('ReduceSum', 'mask_input', 'drawn', keepdims=0),
        node('Add', 'drawn has_mask_input', 'mask'), node('Sub', 'product mask', 'iou_predictions'),
        node('ReduceMax', 'orig_im_size', 'longer', keepdims=0),
        node('Mul', 'low_res_masks zero', 'empty'), node('Add', 'empty longer', 'masks')]
    inputs = {'image_embeddings': [None] * 4, 'point_coords': [batch, 'points', 2], 'point_labels': [batch, 'points'],
              'mask_input': [1, 1, EDGE // 4, EDGE // 4], 'has_mask_input': [1], 'orig_im_size': [2],
              **{name: [1] for name in extra}}
    outputs = {'masks': [None] * 4, 'iou_predictions': [None] * 2, 'low_res_masks': [None] * 4}
    constants = {
        'first': np.int64(0), 'second': np.int64(1), 'one': np.int64([1]), 'ones': np.int64([1, 1]),
        'last': np.int64([2, 3]), 'zero': np.float32(0), 'columns': centres.reshape(1, 1, 1, -1),
        'rows': centres.reshape(1, 1, -1, 1), 'halves': np.float32(halves).reshape(1, -1, 1, 1),
        'ious': np.float32(ious).reshape(1, -1)}
    return _save(path, nodes,
                 [(rename.get(name, name), TensorProto.FLOAT, shape) for name, shape in inputs.items()],
                 [(rename.get(name, name), shape) for name, shape in outputs.items()], constants.items())
