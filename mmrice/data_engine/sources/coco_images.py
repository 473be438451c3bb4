"""CocoImages: the images that a COCO annotation file lists."""
from pathlib import Path
from typing import Any, Dict, Iterator

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from ..coco_file import iter_images
from .files import FileSource, Listed, status_of


@ENGINE_STAGES.register_module()
class CocoImages(FileSource):
    """Take the images of COCO annotation files (COCO, LVIS, Objects365, ...), in their order there.

    Files that are missing are listed in the rejects. Their boxes become regions with :class:`AnnotationProposer`, whose
    ``ann_files`` has the same names. The annotation file is read in pieces, so its size does not matter.

    Args:
        sources: Name -> ``dict(ann_file=..., root=...)``: the json, and the folder where its file names start. The name
            starts the keys of its images.
        **kwargs: See :class:`FileSource` and :class:`Source`.

    Example:
        >>> CocoImages(dict(coco=dict(ann_file='annotations/instances_val2017.json', root='val2017')))
    """

    def __init__(self, sources: Dict[str, Dict[str, str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not sources:
            raise UserError('engine.ingest.sources is empty: name at least one COCO annotation file.')
        for name, source in sources.items():
            if not isinstance(source, dict) or set(source) != {'ann_file', 'root'}:
                raise UserError(f"engine.ingest.sources.{name} is {source!r}, expected dict(ann_file='x.json', "
                                "root='folder of its images').")
        self.sources = {name: {key: Path(path) for key, path in source.items()} for name, source in sources.items()}

    def files(self) -> Iterator[Listed]:
        """See :meth:`FileSource.files`."""
        for name, source in self.sources.items():
            if not source['ann_file'].is_file():
                raise self.missing(f'{source["ann_file"]}: no such annotation file (source {name!r}).')
            images, there = 0, False
            for image in iter_images(source['ann_file']):
                file = image['file_name']
                status = status_of(self.path(name, file))
                images, there = images + 1, there or status is not None
                yield Listed(name, file, status)
            if not there:
                raise self.missing(f'{source["ann_file"]}: none of its {images} images is in {source["root"]}.')

    def path(self, source: str, file: str) -> Path:
        """See :meth:`FileSource.path`."""
        return self.sources[source]['root'] / file
