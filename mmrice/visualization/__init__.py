"""Pictures of regions, features and runs; needs numpy and Pillow, and a host library only where a model is run."""
from .draw_regions import blend_labels, draw_regions, label_color, region_captions
from .features import pca_rgb

__all__ = ['blend_labels', 'draw_regions', 'label_color', 'pca_rgb', 'region_captions']
