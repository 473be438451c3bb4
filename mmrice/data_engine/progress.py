"""Progress of a stage on stderr: share, rate, ETA, rejects."""
import shutil
import sys
import threading
import time
from typing import Callable, Optional, TextIO

_TERMINAL, _LOG = 0.5, 10.0  # seconds between two lines


class Progress:
    """A line that says how far a stage is.

    On a terminal it is rewritten; elsewhere a new one is printed every ten seconds.

    Args:
        stage: Name shown.
        total: Images to come; None where that is unknown.
        stream: Where it is written; None takes stderr.
        unit: What is counted.
        underway: Gives what is done of jobs that have not ended. With it the line is shown anew by itself.
    """

    def __init__(self, stage: str, total: Optional[int] = None, stream: Optional[TextIO] = None, unit: str = 'images',
                 underway: Optional[Callable[[], int]] = None) -> None:
        self.stage, self.total, self.unit, self.underway = stage, total, unit, underway or (lambda: 0)
        self.stream = stream or sys.stderr
        self.done, self.rejects, self.lock, self.closed = 0, 0, threading.Lock(), threading.Event()
        self.every = _TERMINAL if self.stream.isatty() else _LOG
        self.begin = self.shown = time.monotonic()
        if self.stream.isatty():
            self._show(self.begin)
        if underway is not None:
            threading.Thread(target=self._follow, daemon=True).start()

    def update(self, images: int, rejects: int = 0) -> None:
        """Count images that are done, and images or boxes that were left out."""
        with self.lock:
            self.done += images
            self.rejects += rejects
            now = time.monotonic()
            if now - self.shown >= self.every:
                self._show(now)

    def _follow(self) -> None:
        while not self.closed.wait(self.every):
            with self.lock:
                if not self.closed.is_set() and time.monotonic() - self.shown >= self.every:
                    self._show(time.monotonic())

    def _show(self, now: float) -> None:
        self.shown = now
        if self.stream.isatty():
            # A line that is wider than the terminal could not be taken back.
            self.stream.write(f'\r{self.line(now)[:shutil.get_terminal_size().columns - 1]}\x1b[K')
            self.stream.flush()
        else:
            print(self.line(now), file=self.stream, flush=True)

    def line(self, now: float) -> str:
        """The text of the line at a time of :func:`time.monotonic`."""
        done = self.done + self.underway()
        rate = done / max(now - self.begin, 1e-9)
        share = f'{done:,} {self.unit}'
        if self.total is not None:
            done = min(done, self.total)  # a job may end between the two counts
            share = f'{done:,}/{self.total:,} {self.unit}'
        parts = [f'{self.stage:8} {share}', f'{rate:,.1f}/s']
        if self.total is not None:
            left = _clock((self.total - done) / rate) if rate else '-:--'
            parts += [f'ETA {left}', f'rejected {self.rejects:,}']
        return '  '.join(parts)

    def close(self) -> None:
        """End, and clear the line."""
        with self.lock:
            self.closed.set()
            if self.stream.isatty():
                self.stream.write('\r\x1b[K')
                self.stream.flush()


def _clock(seconds: float) -> str:
    """90 -> '1:30', 3700 -> '1:01:40'."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f'{hours}:{minutes:02d}:{rest:02d}' if hours else f'{minutes}:{rest:02d}'
