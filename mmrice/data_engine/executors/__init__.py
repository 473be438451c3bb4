"""Where the jobs of a stage run: this process, processes of this machine, or a Ray cluster.

An executor is a context manager with ``map(function, jobs)``, which yields each job with its result in the order in
which they end. It has at most a few jobs' results in memory.
"""
from .local import LocalExecutor
from .ray_data import RayExecutor

__all__ = ['LocalExecutor', 'RayExecutor']
