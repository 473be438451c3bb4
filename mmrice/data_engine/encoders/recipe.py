"""What a checkpoint says about its training, out of the config text that mmengine saves in it.

Only literals are read; nothing is executed.
"""
import ast
from typing import Any, Dict, Iterator, NamedTuple, Optional, Tuple


def read_recipe(text: str) -> Dict[str, Any]:
    """Read ``name = dict(...)`` lines.

    Args:
        text: As ``Config.pretty_text``; '' for none.

    Returns:
        dict: What is there; names with a value that is no literal are left out.
    """
    found = {}
    try:
        body = ast.parse(text).body
    except SyntaxError:
        return found
    for line in body:
        if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
            try:
                found[line.targets[0].id] = _value(line.value)
            except ValueError:
                continue
    return found


def _value(node: ast.AST) -> Any:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'dict' and not node.args:
        return {keyword.arg: _value(keyword.value) for keyword in node.keywords}
    if isinstance(node, ast.Dict):
        return {_value(key): _value(value) for key, value in zip(node.keys, node.values)}
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_value(item) for item in node.elts]
    return ast.literal_eval(node)


class Resize(NamedTuple):
    """How training images got their size: width and height, px, and the grey level of what a letterbox fills up (None:
    the image is warped)."""
    size: Tuple[int, int]
    pad_val: Optional[int] = None


def find_resize(recipe: Dict[str, Any]) -> Optional[Resize]:
    """The first transform of the training data with a ``scale`` in pixels; None where the recipe has none."""
    for part in _dicts(recipe.get('train_dataloader')):
        scale = part.get('scale') if 'type' in part else None
        scale = [scale, scale] if isinstance(scale, int) else scale
        if isinstance(scale, (list, tuple)) and len(scale) == 2 and all(isinstance(side, int) for side in scale):
            return Resize(tuple(scale), part.get('pad_val', 114) if 'Letterbox' in part['type'] else None)
    return None


def _dicts(value: Any) -> Iterator[Dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _dicts(item)
