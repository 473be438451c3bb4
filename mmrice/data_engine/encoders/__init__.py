"""Embed: images and boxes -> vectors of length one. One file for each kind of model."""
from .base import Encoder
from .crops import crop_regions, normalise
from .handcrafted import HandcraftedEncoder
from .hugging_face import HuggingFaceEncoder
from .mmpretrain import MMPretrainEncoder
from .open_clip import OpenCLIPEncoder
from .rice_region import RICERegionEncoder
from .torch_encoder import CropEncoder, TorchEncoder

__all__ = ['CropEncoder', 'Encoder', 'HandcraftedEncoder', 'HuggingFaceEncoder', 'MMPretrainEncoder',
           'OpenCLIPEncoder', 'RICERegionEncoder', 'TorchEncoder', 'crop_regions', 'normalise']
