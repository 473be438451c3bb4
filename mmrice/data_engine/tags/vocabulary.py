"""Which tags are classes: those of the data, or a given list; a name's index is its label."""
from collections import Counter
from typing import Iterable, List, Optional

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from ..workspace import digest
from .names import read_names


@ENGINE_STAGES.register_module()
class TagVocabulary:
    """The frequent tags of the data. While they are counted, memory holds every different name.

    Args:
        min_count: Tags of fewer images, or of regions in fewer images, are left out.
        max_tags: Keep the most frequent; None keeps all.
    """
    version = 1

    def __init__(self, min_count: int = 2, max_tags: Optional[int] = None) -> None:
        if min_count < 1 or (max_tags is not None and max_tags < 1):
            raise UserError(f'engine.label.tags: min_count is {min_count} and max_tags {max_tags}, expected 1 or more.')
        self.min_count, self.max_tags = min_count, max_tags

    def build(self, images: Iterable[Iterable[str]]) -> List[str]:
        """Choose the tags.

        Args:
            images: All names of each image and its regions.

        Returns:
            list: Names in alphabetical order.
        """
        counts = Counter(name for names in images for name in set(names))
        good = sorted((name for name, count in counts.items() if count >= self.min_count),
                      key=lambda name: (-counts[name], name))
        return sorted(good[:self.max_tags])


@ENGINE_STAGES.register_module()
class TagList:
    """A given list of tags, in its order, whether the data have them or not.

    Args:
        path: Text with one name a line; case and number of blanks make no difference.
    """
    version = 1

    def __init__(self, path: str) -> None:
        self.names = read_names(path, 'engine.label.tags.path')

    def fingerprint(self) -> List[str]:
        """The names."""
        return [digest(self.names)]

    def build(self, images: Iterable[Iterable[str]] = ()) -> List[str]:
        """The list; ``images`` is not read."""
        return self.names
