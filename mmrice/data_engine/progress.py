"""Progress of a stage on stderr: share, rate, ETA, rejects."""
import sys
import time
from typing import Optional, TextIO


class Progress:
    """A line that says how far a stage is.

    On a terminal it is rewritten; elsewhere a new one is printed every ten seconds.

    Args:
        stage: Name shown.
        total: Images to come.
        stream: Where it is written; None takes stderr.
    """

    def __init__(self, stage: str, total: int, stream: Optional[TextIO] = None) -> None:
        self.stage, self.total, self.done, self.rejects = stage, total, 0, 0
        self.stream = stream or sys.stderr
        self.begin = self.shown = time.monotonic()

    def update(self, images: int, rejects: int = 0) -> None:
        """Count images that are done, and images or boxes that were left out."""
        self.done += images
        self.rejects += rejects
        now = time.monotonic()
        if self.stream.isatty():
            self.stream.write(f'\r{self.line(now)}\x1b[K')
            self.stream.flush()
        elif now - self.shown > 10:
            self.shown = now
            print(self.line(now), file=self.stream, flush=True)

    def line(self, now: float) -> str:
        """The text of the line at a time of :func:`time.monotonic`."""
        rate = self.done / max(now - self.begin, 1e-9)
        left = round((self.total - self.done) / rate) if rate else 0
        return (f'{self.stage:8} {self.done}/{self.total} images  {rate:.1f}/s  ETA {left // 60}:{left % 60:02d}'
                f'  rejected {self.rejects}')

    def close(self) -> None:
        """Clear the line."""
        if self.stream.isatty():
            self.stream.write('\r\x1b[K')
            self.stream.flush()
