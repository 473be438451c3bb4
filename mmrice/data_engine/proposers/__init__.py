"""Propose: which boxes of an image are worth a label."""
from .annotation import AnnotationProposer
from .base import Proposals, Proposer, WholeImageProposer
from .onnx_sam import ONNXSAMProposer
from .sam import SAMProposer
from .selective import SelectiveSearchProposer

__all__ = ['AnnotationProposer', 'ONNXSAMProposer', 'Proposals', 'Proposer', 'SAMProposer', 'SelectiveSearchProposer',
           'WholeImageProposer']
