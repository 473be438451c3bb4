"""Drawn scenes in the folder layouts of public datasets, so that configs for them can be tried without a download."""
