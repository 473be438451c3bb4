"""Small building blocks: rotary embedding, transformer block, region attention."""
from .attention import Rope, RotaryAttention
from .block import ACTIVATIONS, Block, FeedForward
from .init import init_transformer
from .linear import Linear
from .region_attention import masked_pool, masked_weights, pad_boxes, region_token_mask
from .rope import axial_angles, grid_angles, rotate, rotation
from .window import Windows, divide

__all__ = [
    'ACTIVATIONS', 'Block', 'FeedForward', 'Linear', 'Rope', 'RotaryAttention', 'Windows', 'axial_angles', 'divide',
    'grid_angles', 'init_transformer', 'masked_pool', 'masked_weights', 'pad_boxes', 'region_token_mask', 'rotate',
    'rotation'
]
