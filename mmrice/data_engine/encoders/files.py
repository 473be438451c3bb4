"""Local files of models: found, read and fingerprinted. Nothing is downloaded."""
import json
from pathlib import Path
from typing import Any, Dict, List, Sequence

from mmrice.utils import UserError

from ..workspace import file_digest


def existing(path: str, folder: bool = False) -> Path:
    """The path, checked.

    Args:
        path: As in the config.
        folder: Expect a folder, not a file.

    Raises:
        UserError: There is no such thing.
    """
    found = Path(path).expanduser()
    if not (found.is_dir() if folder else found.is_file()):
        why = 'It is a file.' if found.is_file() else 'It is a folder.' if found.is_dir() else 'Nothing is downloaded.'
        raise UserError(f'{path}: no such {"folder" if folder else "file"}. {why} Check engine.embed in the config.')
    return found


def read_object(path: Path) -> Dict[str, Any]:
    """Read a JSON object.

    Raises:
        UserError: It is none.
    """
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise UserError(f'{path}: is not valid JSON ({error}). Fetch it again.') from error
    if not isinstance(content, dict):
        raise UserError(f'{path}: holds a {type(content).__name__}, expected a JSON object.')
    return content


def digests(paths: Sequence[Path]) -> List[str]:
    """Name and digest of each file."""
    return [f'{path.name} {file_digest(path)}' for path in paths]


def model_files(folder: Path) -> List[Path]:
    """Descriptions and weights in a folder: its JSON files, and its .safetensors or, without any, its .bin files."""
    weights = sorted(folder.glob('*.safetensors')) or sorted(folder.glob('*.bin'))
    return [*sorted(folder.glob('*.json')), *weights]


def load_all(module: Any, weights: Dict[str, Any], source: str, optional: Sequence[str] = ()) -> None:
    """Load weights into a module.

    Args:
        module: An ``nn.Module``.
        weights: {key: tensor}; keys that the module has no place for are passed over.
        source: Name of the file, for the error.
        optional: What the names of weights that may be missing begin with.

    Raises:
        UserError: A weight is missing or of another shape.
    """
    from mmrice.engine.load_report import load_weights
    report = load_weights(module, weights, source)
    report.missing = [name for name in report.missing if not name.startswith(tuple(optional))]
    if report.missing or report.mismatched:
        raise UserError(f'{report.complaint()} Model and weights do not belong together.')
