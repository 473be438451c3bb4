"""Keep the hosts' tables out of the terminal; the log file has them."""
import logging
import sys
from contextlib import contextmanager, redirect_stdout
from typing import Iterator, TextIO

from mmengine.logging import MMLogger

_LINES = (' Average ', )  # each of COCO's and LVIS' numbers
_LOGS = ('per class results:', 'bbox_mAP_copypaste', 'segm_mAP_copypaste')


class _WithoutNumbers:
    """A stream that drops the lines in which COCO's and LVIS' evaluators print their numbers."""

    def __init__(self, stream: TextIO) -> None:
        self.stream, self.line = stream, ''

    def write(self, text: str) -> int:
        *lines, self.line = (self.line + text).split('\n')
        self.stream.write(''.join(f'{line}\n' for line in lines if not line.startswith(_LINES)))
        return len(text)

    def flush(self) -> None:
        self.stream.flush()


def _is_no_table(record: logging.LogRecord) -> bool:
    message = record.getMessage()
    return record.levelno != logging.INFO or not ('\n+-' in message or message.startswith(_LOGS))


@contextmanager
def quiet_tables() -> Iterator[None]:
    """Drop tables that metrics log and print, from the terminal only."""
    terminals = [handler for handler in MMLogger.get_current_instance().handlers
                 if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler)]
    for handler in terminals:
        handler.addFilter(_is_no_table)
    stream = _WithoutNumbers(sys.stdout)
    try:
        with redirect_stdout(stream):
            yield
    finally:
        sys.stdout.write(stream.line)
        for handler in terminals:
            handler.removeFilter(_is_no_table)
