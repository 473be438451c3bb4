"""Parameter-efficient tuning: few parameters beside a frozen backbone."""
from .adapted_backbone import AdaptedBackbone
from .adapters import BottleneckAdapter, ConvAdapter
from .lora import LoRA
from .prompts import PromptTokens

__all__ = ['AdaptedBackbone', 'BottleneckAdapter', 'ConvAdapter', 'LoRA', 'PromptTokens']
