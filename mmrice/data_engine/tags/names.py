"""Names of tags: how they are written, and lists of them in files."""
from pathlib import Path
from typing import Dict, Iterable, List

from mmrice.utils import UserError


def tidy_tags(names: Iterable[str]) -> List[str]:
    """Names in lower case, with single blanks, each once; empty ones are left out.

    Example:
        >>> tidy_tags(['Black  dog', 'gravel', 'black dog'])
        ['black dog', 'gravel']
    """
    return list(dict.fromkeys(filter(None, (' '.join(name.lower().split()) for name in names))))


def read_names(path: str, where: str) -> List[str]:
    """Read a list of names, one a line; empty lines are left out.

    Args:
        path: Text, UTF-8.
        where: Its place in the config, for messages.

    Returns:
        list: The names as :func:`tidy_tags` writes them, in the order of the file.

    Raises:
        UserError: There is no such file, it has no name, or one twice.
    """
    if not Path(path).is_file():
        raise UserError(f'{path}: no such file of names, one a line. Check {where} in the config.')
    lines: Dict[str, int] = {}
    try:
        text = Path(path).read_text(encoding='utf-8-sig')
    except UnicodeDecodeError as error:
        raise UserError(f'{path}: not UTF-8 ({error}); expected names, one a line.') from error
    for number, line in enumerate(text.splitlines(), 1):
        for name in tidy_tags([line]):
            if name in lines:
                raise UserError(f'{path}: lines {lines[name]} and {number} both say {name!r}. Leave one out.')
            lines[name] = number
    if not lines:
        raise UserError(f'{path}: no name in it; expected one a line.')
    return list(lines)
