"""Loss formulas: pure functions on tensors."""
from .blockwise import Options, compare_in_blocks
from .margin import combined_margin
from .region_discrimination import multi_label_loss, single_label_loss
from .softmax import multi_label_cross_entropy, single_label_cross_entropy

__all__ = [
    'Options', 'combined_margin', 'compare_in_blocks', 'multi_label_cross_entropy', 'multi_label_loss',
    'single_label_cross_entropy', 'single_label_loss'
]
