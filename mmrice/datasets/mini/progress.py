"""A progress line with rate and remaining time, quiet where nobody watches."""
import sys
import time


class Progress:
    """Count ``total`` steps on stderr.

    On a terminal one line is rewritten; elsewhere one line is printed at the end.

    Args:
        title: What is counted.
        total: Number of steps.
    """

    def __init__(self, title: str, total: int) -> None:
        self.title, self.total, self.done = title, total, 0
        self.start = self.shown = time.monotonic()
        self.live = sys.stderr.isatty()

    def step(self, note: str = '') -> None:
        """Count one step; ``note`` names it."""
        self.done += 1
        now = time.monotonic()
        if self.live and (now - self.shown > 0.1 or self.done == self.total):
            self.shown = now
            rate = self.done / max(now - self.start, 1e-6)
            left = (self.total - self.done) / rate
            filled = 24 * self.done // max(self.total, 1)
            bar = '#' * filled + '-' * (24 - filled)
            line = f'{self.title:<9}[{bar}] {self.done}/{self.total}  {rate:.1f}/s  {left:.0f} s left  {note}'
            sys.stderr.write('\r\x1b[K' + line[:118])

    def __enter__(self) -> 'Progress':
        return self

    def __exit__(self, error_type, *_) -> None:
        if self.live:
            sys.stderr.write('\r\x1b[K')
        if error_type is None:
            seconds = time.monotonic() - self.start
            rate = self.done / max(seconds, 1e-6)
            sys.stderr.write(f'{self.title:<9}{self.done}/{self.total} in {seconds:.1f} s ({rate:.1f}/s)\n')
        sys.stderr.flush()
