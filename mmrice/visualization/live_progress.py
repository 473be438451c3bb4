"""Show how far a command is while its output goes to a log file."""
import re
import shutil
import sys
import time
from pathlib import Path
from typing import Optional, TextIO

_LOG_HEAD = re.compile(r'^\d\d/\d\d \d\d:\d\d:\d\d - mmengine - \w+ - ')
_ITERATION = re.compile(r'^(?:Iter|Epoch)\((\w+)\)\s*\[\s*(\d+)\s*/\s*(\d+)\s*\]')
_ETA = re.compile(r'eta:? +(?:(\d+) days?, )?((?:\d+:)?\d+:\d\d)', re.IGNORECASE)
_LOSS = re.compile(r'\bloss: ([\d.]+)')
_TAIL = 1 << 14  # bytes of the log that are looked at


def clock(seconds: float) -> str:
    """A duration as m:ss or h:mm:ss."""
    seconds = max(0, round(seconds))
    hours, minutes = divmod(seconds // 60, 60)
    return f'{hours}:{minutes:02d}:{seconds % 60:02d}' if hours else f'{minutes}:{seconds % 60:02d}'


def seconds_left(line: str) -> Optional[float]:
    """The ETA that a line of progress states, in seconds, or None."""
    found = _ETA.search(line)
    if not found:
        return None
    days, text = found.groups()
    seconds = 0
    for part in text.split(':'):
        seconds = 60 * seconds + int(part)
    return float(86400 * int(days or 0) + seconds)


def digest_line(line: str) -> str:
    """What matters of a line of output: the iteration and loss of mmengine's logs, other lines without their head."""
    line = _LOG_HEAD.sub('', line.strip())
    found = _ITERATION.match(line)
    if not found:
        return line
    loss = _LOSS.search(line)
    mode, done, total = found.groups()
    return f'{mode} {done}/{total}' + (f', loss {float(loss.group(1)):.3g}' if loss else '')


def last_line(log: Path) -> str:
    """The last line of a log that says something; lines that a progress bar rewrites count one by one."""
    with open(log, 'rb') as stream:
        stream.seek(max(0, log.stat().st_size - _TAIL))
        text = stream.read().decode(errors='replace')
    lines = [line for line in re.split(r'[\r\n]', text) if re.search(r'\w', line)]
    return lines[-1] if lines else ''


class LiveProgress:
    """One line about a running command: time spent, overall ETA, and the command's own progress.

    On a terminal it is rewritten twice a second; elsewhere a new one is printed every ``every`` seconds.

    Args:
        log: Where the command's output goes.
        expected: Seconds that the command takes as a rule.
        after: Seconds that what follows it takes.
        stream: Defaults to standard output.
        every: Seconds between lines when the stream is no terminal. Defaults to 20.
    """

    def __init__(self, log: Path, expected: float, after: float, stream: Optional[TextIO] = None,
                 every: float = 20) -> None:
        self.log, self.expected, self.after, self.every = log, expected, after, every
        self.stream = stream or sys.stdout
        self.begin = self.shown = time.monotonic()

    def update(self) -> None:
        """Show the line when it is time to."""
        now = time.monotonic()
        tty = self.stream.isatty()
        if now - self.shown < (0.5 if tty else self.every):
            return
        self.shown = now
        line = self.line(now)
        if tty:
            self.stream.write(f'\r{line}\x1b[K')
        else:
            self.stream.write(f'{line}\n')
        self.stream.flush()

    def line(self, now: float) -> str:
        """The text at a time of :func:`time.monotonic`."""
        said = last_line(self.log)
        spent = now - self.begin
        left = seconds_left(said)
        if not _ITERATION.match(_LOG_HEAD.sub('', said)):  # others than trainings tell the ETA of one of their stages
            left = max(self.expected - spent, left or 0.)
        text = f'  {clock(spent)} spent, about {clock((left or 0.) + self.after)} left in all | {digest_line(said)}'
        return text[:shutil.get_terminal_size().columns - 1 if self.stream.isatty() else 118]

    def close(self) -> None:
        """Clear the line."""
        if self.stream.isatty():
            self.stream.write('\r\x1b[K')
            self.stream.flush()
