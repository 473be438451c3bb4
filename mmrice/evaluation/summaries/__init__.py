"""What metrics of the hosts compute but do not return: unrounded numbers, and those of each class."""
from .summary import Summary
from .watch import watch

__all__ = ['Summary', 'watch']
