"""Where images come from; each source is a part of the engine (``engine.ingest``)."""
from .base import Found, Kept, Left, Source
from .coco_images import CocoImages
from .image_folders import ImageFolders
from .image_list import ImageList
from .mixed_sources import MixedSources
from .webdataset_tars import WebDatasetTars

__all__ = ['CocoImages', 'Found', 'ImageFolders', 'ImageList', 'Kept', 'Left', 'MixedSources', 'Source',
           'WebDatasetTars']
