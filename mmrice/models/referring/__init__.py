"""Referring segmentation: one mask for each expression. The models need MMDetection, see :mod:`mmrice.registry`."""
