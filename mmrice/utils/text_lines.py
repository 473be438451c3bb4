"""Lines of captions and phrases: what the data engine and the test datasets both read."""
import json
from typing import Any, Dict, Union

from .errors import UserError


def parse_text_line(line: Union[str, bytes], where: str) -> Dict[str, Any]:
    """Read a line ``{"file_name", ...}``.

    Args:
        line: JSON.
        where: File and line, for messages.

    Raises:
        UserError: It is no JSON object with a ``file_name``.
    """
    try:
        content = json.loads(line)
    except ValueError as error:
        raise UserError(f'{where}: not valid JSON ({error}).') from error
    if not isinstance(content, dict) or not isinstance(content.get('file_name'), str):
        raise UserError(f"{where}: no 'file_name', expected one JSON object an image with its name.")
    return content
