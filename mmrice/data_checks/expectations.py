"""What a dataset is expected to hold: each expectation checks one thing and gives rows of a table."""
import fnmatch
import json
import os
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Sequence, Set


@dataclass
class Row:
    """A line of the table: what was looked at, and where something is wrong, what and the fix."""
    what: str
    problem: str = ''
    fix: str = ''


def listing(folder: Path, pattern: str = '*') -> List[str]:
    """Names of files below a folder, relative to it and in order; links to folders are followed."""
    names = []
    for place, _, files in os.walk(folder, followlinks=True):
        short = os.path.relpath(place, folder)
        names += [name if short == '.' else f'{short}/{name}' for name in fnmatch.filter(files, pattern)]
    return sorted(names)


def _some(names: Iterable[str]) -> str:
    names = sorted(names)
    return ', '.join(names[:3]) + (f' and {len(names) - 3} more' if len(names) > 3 else '')


def unreadable(folder: Path, names: Sequence[str], number: int) -> List[str]:
    """Decode ``number`` images, evenly spread over ``names``; those that fail, with the reason."""
    from PIL import Image
    bad = []
    for name in names[::max(1, len(names) // number)][:number] if number and names else []:
        try:
            with Image.open(folder / name) as image:
                image.load()
        except (OSError, SyntaxError) as error:
            bad.append(f'{name} ({error})')
    return bad


@dataclass
class Files:
    """A folder has ``count`` files of a pattern (None: at least one), below it at any depth."""
    folder: str
    pattern: str
    count: Optional[int]
    fix: str

    def check(self, root: Path, decode: int) -> List[Row]:
        """Count, and decode a sample. Gives one row."""
        what = f'{self.folder}/{self.pattern}'
        if not (root / self.folder).is_dir():
            return [Row(what, f'{root / self.folder}: no such folder', self.fix)]
        names = listing(root / self.folder, self.pattern)
        if not names or self.count not in (None, len(names)):
            wanted = 'at least 1' if self.count is None else f'{self.count:,}'
            return [Row(what, f'{root / self.folder}: {len(names):,} files, expected {wanted}', self.fix)]
        bad = unreadable(root / self.folder, names, decode)
        return [Row(what, f'{root / self.folder}: cannot be decoded: {_some(bad)}' if bad else '', self.fix)]


@dataclass
class Pairs:
    """Every image has a label map: its path, with ``image_end`` replaced by ``label_end``."""
    images: str
    labels: str
    image_end: str
    label_end: str
    fix: str

    def check(self, root: Path, decode: int) -> List[Row]:
        """Compare two listings. Gives one row."""
        wanted = {name[:-len(self.image_end)] + self.label_end
                  for name in listing(root / self.images, f'*{self.image_end}')}
        missing = wanted - set(listing(root / self.labels, f'*{self.label_end}'))
        problem = f'{root / self.labels}: no label map for some images: {_some(missing)}' if missing else ''
        return [Row(f'{self.images} and {self.labels} pair', problem, self.fix)]


@dataclass
class Names:
    """A list file names ``count`` files (first word of a line), and every one is there."""
    file: str
    count: Optional[int]
    folders: Dict[str, str]  # folder: ending of its files, which the list leaves out
    fix: str

    def check(self, root: Path, decode: int) -> List[Row]:
        """Read the list. Gives one row."""
        path = root / self.file
        if not path.is_file():
            return [Row(self.file, f'{path}: no such file', self.fix)]
        names = [line.split()[0] for line in path.read_text().splitlines() if line.strip()]
        if self.count not in (None, len(names)):
            return [Row(self.file, f'{path}: {len(names):,} lines, expected {self.count:,}', self.fix)]
        for folder, ending in self.folders.items():
            missing = {name + ending for name in names} - set(listing(root / folder))
            if missing:
                return [Row(self.file, f'{path} names files that {root / folder} lacks: {_some(missing)}', self.fix)]
        return [Row(self.file)]


@dataclass
class Coco:
    """A file of annotations in COCO's format, whose images lie in a folder."""
    file: str
    folder: str
    images: Optional[int]
    classes: Optional[int]
    fix: str
    pngs: str = ''  # folder of panoptic pictures
    things_first: bool = False
    from_url: bool = False  # LVIS: the path is the end of coco_url

    def check(self, root: Path, decode: int) -> List[Row]:
        """Read it. Gives one row, of the first thing that is wrong."""
        path = root / self.file
        if not path.is_file():
            return [Row(self.file, f'{path}: no such file', self.fix)]
        try:
            content = json.loads(path.read_text(encoding='utf-8-sig'))
            problem, fix = self._problem(root, path, content)
        except ValueError as error:
            problem, fix = f'{path}: no JSON, or cut off ({error})', self.fix
        except (KeyError, TypeError, AttributeError) as error:
            problem, fix = f'{path}: not in the format of COCO ({type(error).__name__}: {error})', self.fix
        return [Row(self.file, problem, fix)]

    def _problem(self, root: Path, path: Path, content: Dict[str, Any]):
        for field, count in (('images', self.images), ('categories', self.classes)):
            if count not in (None, len(content[field])):
                return f'{path}: {len(content[field]):,} {field}, expected {count:,}', self.fix
        if self.things_first:
            kinds = [item['isthing'] for item in content['categories']]
            if kinds != sorted(kinds, reverse=True):
                return (f'{path}: categories: stuff is listed before things; MMDetection numbers classes in the order '
                        'of this list, things first, and would train on wrong classes silently',
                        f'python tools/dataset_converters/ade20k_panoptic.py {path}')
        names = {'/'.join(item['coco_url'].split('/')[-2:]) if self.from_url else item['file_name']
                 for item in content['images']}
        missing = names - set(listing(root / self.folder))
        if missing:
            return f'{path} names images that {root / self.folder} lacks: {_some(missing)}', self.fix
        ids, classes = ({item['id'] for item in content[field]} for field in ('images', 'categories'))
        strangers = {str(item['image_id']) for item in content['annotations']} - {str(item) for item in ids}
        if strangers:
            return f'{path}: annotations of images that are not listed: {_some(strangers)}', self.fix
        used = {part['category_id'] for item in content['annotations'] for part in item.get('segments_info', [item])}
        if used - classes:
            return f'{path}: unknown category_id: {_some(map(str, used - classes))}', self.fix
        if self.pngs:
            wanted: Set[str] = {item['file_name'] for item in content['annotations']}
            missing = wanted - set(listing(root / self.pngs))
            if missing:
                return f'{path} names pictures that {root / self.pngs} lacks: {_some(missing)}', self.fix
        return '', ''


class _PlainData(pickle.Unpickler):
    """Reads lists, dicts, strings and numbers; a pickle that asks for code is refused."""

    def find_class(self, module: str, name: str) -> Any:
        """Refuse."""
        raise pickle.UnpicklingError(f'asks for {module}.{name}; expected plain data')


@dataclass
class Refs:
    """A pickle of referring expressions, whose annotations are in ``instances``."""
    file: str
    instances: str
    count: Optional[int]
    fix: str

    def check(self, root: Path, decode: int) -> List[Row]:
        """Read it; code in it is never run. Gives one row."""
        path, instances = root / self.file, root / self.instances
        if not path.is_file():
            return [Row(self.file, f'{path}: no such file', self.fix)]
        try:
            with open(path, 'rb') as stream:
                refs = _PlainData(stream).load()
            used = {ref['ann_id'] for ref in refs}
        except (pickle.UnpicklingError, EOFError, ValueError, KeyError, TypeError) as error:
            return [Row(self.file, f'{path}: no list of references ({error})', self.fix)]
        if self.count not in (None, len(refs)):
            return [Row(self.file, f'{path}: {len(refs):,} references, expected {self.count:,}', self.fix)]
        try:
            known = {item['id'] for item in json.loads(instances.read_text())['annotations']}
        except (OSError, ValueError, KeyError):
            return [Row(self.file)]  # the row of the instances says it
        lost = {str(item) for item in used - known}
        return [Row(self.file, f'{path}: ann_id not in {instances}: {_some(lost)}' if lost else '', self.fix)]
