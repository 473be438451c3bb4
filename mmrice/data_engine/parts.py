"""Build a part of the engine from its config, with errors in the user's words."""
import inspect
from typing import Any, Dict

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError


def build_part(config: Dict[str, Any], where: str) -> Any:
    """Build the object of one config dict.

    Args:
        config: ``type`` and the arguments of its class.
        where: Its place below ``engine`` in the config, for messages.

    Raises:
        UserError: Unknown type (the nearest name is suggested) or arguments that the class does not take.
    """
    if not isinstance(config, dict) or not isinstance(config.get('type'), str):
        raise UserError(f"engine.{where} is {config!r}, expected a dict with 'type', e.g. dict(type='mmrice.…').")
    arguments = {key: value for key, value in config.items() if key != 'type'}
    cls = ENGINE_STAGES.get(config['type'])
    if cls is None:
        nearest = ENGINE_STAGES.nearest(config['type'].rpartition('.')[2])
        hint = f'Did you mean mmrice.{nearest}?' if nearest else f'Known: {", ".join(ENGINE_STAGES.known())}.'
        raise UserError(f'engine.{where}: unknown type {config["type"]!r}. {hint}')
    try:
        return cls(**arguments)
    except TypeError as error:
        if 'argument' not in str(error):
            raise
        names = [name for klass in reversed(cls.__mro__[:-1]) for name, parameter in
                 inspect.signature(klass).parameters.items() if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
        raise UserError(f'engine.{where}: {config["type"]}: {error}. It takes {", ".join(dict.fromkeys(names))}.'
                        ) from error
