"""What the public datasets look like where the configs look for them, and what is missing of them."""
from .datasets import DATASETS, check_dataset
from .expectations import Row

__all__ = ['DATASETS', 'Row', 'check_dataset']
