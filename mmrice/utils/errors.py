"""Errors that a user can cause, and how the command-line tools show them."""
import errno
import sys
from typing import Callable, Optional

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


class UserError(Exception):
    """A mistake that a user can mend: the message names the file, the field and the fix."""


def run_cli(main: Callable[[], Optional[int]]) -> None:
    """Run a tool's ``main`` and leave with its exit status.

    A :class:`UserError`, a missing file or a full disk is one clear message on stderr and exit status 1. With
    ``--debug`` on the command line, or anything else raised, Python's traceback is shown.

    Args:
        main: The tool; returns an exit status or None for success.
    """
    if '--debug' in sys.argv:
        sys.exit(main())
    try:
        sys.exit(main())
    except UserError as error:
        message = str(error)
    except FileNotFoundError as error:
        message = f'{error.filename or error}: no such file or directory.'
    except (PermissionError, NotADirectoryError, IsADirectoryError) as error:
        message = f'{error.filename}: {error.strerror.lower()}.'
    except OSError as error:
        if error.errno not in _DISK_FULL:
            raise
        message = f'{error.filename or "output"}: the disk is full. Nothing half-written was left behind.'
    except KeyboardInterrupt:
        message = 'interrupted; finished shards and checkpoints are kept.'
    print(f'mmrice: {message}', file=sys.stderr)
    sys.exit(1)
