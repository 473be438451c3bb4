"""Fail on all ranks or on none, so that no rank waits for one that is gone."""
from typing import Any, Callable, List, Optional

from mmengine.dist import all_gather_object, broadcast_object_list, is_main_process

from mmrice.utils import UserError


def on_main(function: Callable[[], Any]) -> Any:
    """Run something on rank 0 alone. All ranks call it.

    Args:
        function: Without collectives; returns something that can be pickled.

    Returns:
        Any: Its result, on all ranks.

    Raises:
        Exception: What it raised, on rank 0; on the others a :class:`UserError` where it was one, else a RuntimeError.
    """
    outcome: List[Any] = [None, None, False]
    error: Optional[Exception] = None
    if is_main_process():
        try:
            outcome[0] = function()
        except Exception as raised:
            error = raised
            outcome[1:] = [str(raised), isinstance(raised, UserError)]
    broadcast_object_list(outcome)
    if error is not None:
        raise error
    if outcome[1] is not None:
        raise (UserError if outcome[2] else RuntimeError)(outcome[1])
    return outcome[0]


def on_all(function: Callable[[], Any]) -> Any:
    """Run something on every rank. All ranks call it.

    Args:
        function: Without collectives, or with collectives that raise on all ranks.

    Returns:
        Any: Its result on this rank.

    Raises:
        UserError: It raised one on some rank; that of the first such rank is raised on all.
    """
    result, error = None, None
    try:
        result = function()
    except UserError as raised:
        error = str(raised)
    errors = [text for text in all_gather_object(error) if text is not None]
    if errors:
        raise UserError(errors[0])
    return result
