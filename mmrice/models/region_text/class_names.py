"""ClassNames: what models share that know their classes by name."""
from typing import Callable, List, Optional, Sequence, Union

from torch import Tensor, nn

from mmrice.utils import UserError

from .texts import class_vectors, read_lines

Lines = Union[str, Sequence[str]]
Classes = Union[str, Sequence[Union[str, Sequence[str]]]]


class ClassNames(nn.Module):
    """A model with one vector a class, made of its name; it has ``embed_texts``."""
    embed_texts: Callable[[List[str]], Tensor]

    def init_classes(self, classes: Optional[Classes], templates: Lines) -> None:
        """Take names and templates of the config.

        Args:
            classes: Of each class its name, or several; or a text file with a class a line, several names with '|'
                between them; or None: :meth:`set_classes` gives them.
            templates: Texts with '{}' for the name, or a text file with one a line.

        Raises:
            UserError: A file cannot be read.
        """
        self.classes = None if classes is None else read_lines(classes, 'classes')
        if isinstance(classes, str):
            self.classes = [[name.strip() for name in line.split('|')] for line in self.classes]
        self.templates = read_lines(templates, 'templates')
        self._takes_classes = classes is None
        self._vectors: Optional[Tensor] = None

    def set_classes(self, classes: Sequence[str]) -> None:
        """Take the names of a dataset, unless the config has some.

        Raises:
            UserError: Those of the config are more, or less.
        """
        if self._takes_classes:
            self.classes, self._vectors = list(classes), None
        elif len(self.classes) != len(classes):
            raise UserError(f'model.classes has {len(self.classes)} classes, the dataset {len(classes)}: expected '
                            'those of the dataset in its order.')

    def train(self, mode: bool = True) -> 'ClassNames':
        """Switch the mode; vectors of classes are computed again, since weights may be others."""
        self._vectors = None
        return super().train(mode)

    def class_vectors(self) -> Tensor:
        """Unit vectors of the classes, float32, shape (C, D), computed once.

        Raises:
            UserError: No classes are known.
        """
        if self.classes is None:
            raise UserError(f'{type(self).__name__}: no classes. Give model.classes, or add '
                            "custom_hooks=[dict(type='mmrice.DatasetClassesHook')], which takes the dataset's.")
        if self._vectors is None:
            self._vectors = class_vectors(self.embed_texts, self.classes, self.templates)
        return self._vectors
