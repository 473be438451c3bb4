"""The gallery of region shards: one HTML file with clusters, words and images, to be searched and opened offline.

``build`` reads a build and draws its page: ``labels`` counts and chooses, ``members`` finds the regions that stand for
clusters and words, ``pictures`` cuts them out, ``overview`` and ``sections`` are the page's parts, and ``page`` puts it
together with ``gallery.css`` and ``gallery.js``.
"""
from .build import Gallery, build_gallery
from .labels import Limits

__all__ = ['Gallery', 'Limits', 'build_gallery']
