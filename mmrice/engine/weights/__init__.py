"""Weights of RICE and MLCD from anywhere: recognised, converted, described, and written for Hugging Face."""
from .backbone import Backbone, convert_source, load_backbone, save_backbone, stated_options, summary
from .describe import describe_backbone, describe_training, differences, infer_backbone, live_numbers, measure
from .hugging_face import write_hugging_face
from .layouts import HUGGING_FACE, OURS, PREFIXES, Layout, recognise
from .sources import HUB, Source, read_source

__all__ = [
    'HUB', 'HUGGING_FACE', 'OURS', 'PREFIXES', 'Backbone', 'Layout', 'Source', 'convert_source', 'describe_backbone',
    'describe_training', 'differences', 'infer_backbone', 'live_numbers', 'load_backbone', 'measure',
    'read_source', 'recognise', 'save_backbone', 'stated_options', 'summary', 'write_hugging_face'
]
