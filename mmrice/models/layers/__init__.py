"""Small building blocks: rotary embedding, transformer block, region attention."""
from .block import Block, FeedForward, RotaryAttention
from .init import init_transformer
from .region_attention import masked_pool, pad_boxes, region_token_mask
from .rope import axial_angles, grid_angles, rotate, rotation

__all__ = [
    'Block', 'FeedForward', 'RotaryAttention', 'axial_angles', 'grid_angles', 'init_transformer', 'masked_pool',
    'pad_boxes', 'region_token_mask', 'rotate', 'rotation'
]
