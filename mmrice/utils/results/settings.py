"""Read the settings of a run from the text of its config, without running it."""
import ast
from typing import Any, Dict, Optional


def read_settings(text: str) -> Dict[str, Any]:
    """Seed and initial weights of a training run.

    Args:
        text: A config as mmengine dumps it into work directories and checkpoints: assignments of literals and dicts.

    Returns:
        dict: 'seed' (None where unknown) and 'initial_weights': ``load_from`` of a run that does not resume, else the
        checkpoint that the backbone's ``init_cfg`` names, else MMSegmentation's ``pretrained``, else 'random'; None
        where the text is no config with a model.
    """
    try:
        parts = {node.targets[0].id: _value(node.value) for node in ast.parse(text).body
                 if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)}
    except (SyntaxError, ValueError):
        parts = {}
    found: Dict[str, Any] = dict(seed=(parts.get('randomness') or {}).get('seed'), initial_weights=None)
    if isinstance(parts.get('model'), dict):
        start = None if parts.get('resume') else parts.get('load_from')
        found['initial_weights'] = start or _pretrained(parts['model']) or 'random'
    return found


def _pretrained(model: Dict[str, Any]) -> Optional[str]:
    encoder = model.get('backbone')
    while isinstance(encoder, dict):
        for init in _listed(encoder.get('init_cfg')):
            if isinstance(init, dict) and init.get('checkpoint'):
                return init['checkpoint']
        encoder = encoder.get('backbone')
    return model.get('pretrained')


def _listed(value: Any) -> list:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _value(node: ast.AST) -> Any:
    """A literal, or nested ``dict(...)``; None for anything else."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'dict':
        return {keyword.arg: _value(keyword.value) for keyword in node.keywords}
    if isinstance(node, ast.Dict):
        return {key.value: _value(value) for key, value in zip(node.keys, node.values) if isinstance(key, ast.Constant)}
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_value(item) for item in node.elts]
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None
