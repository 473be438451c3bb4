"""Loss formulas: pure functions on tensors."""
from .region_discrimination import multi_label_loss, single_label_loss

__all__ = ['multi_label_loss', 'single_label_loss']
