"""Optimizers of ours, and gradients that have values for some rows alone."""
from .row_gradients import coalesce_gradient
from .sparse_adamw import SparseAdamW

__all__ = ['SparseAdamW', 'coalesce_gradient']
