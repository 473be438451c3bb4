"""Models that compare images with a bank of images. They need MMPretrain, see :mod:`mmrice.registry`."""
