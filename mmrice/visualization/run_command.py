"""Run a command with its output in a log file, and never leave it behind."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Sequence

from .live_progress import LiveProgress

_POLL = 0.2  # seconds


def run_command(command: Sequence[str], log: Path, progress: LiveProgress) -> int:
    """Run a command to its end.

    Whatever ends the wait (Ctrl-C, SIGTERM, an error) ends the command too.

    Args:
        command: Arguments; a first ``python`` stands for the running interpreter.
        log: Receives standard output and standard error; overwritten.
        progress: Shown meanwhile.

    Returns:
        int: Its exit status; minus the signal that killed it.
    """
    command = [sys.executable, *command[1:]] if command[0] == 'python' else list(command)
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, 'w', encoding='utf-8') as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                   env={**os.environ, 'PYTHONUNBUFFERED': '1'})
    handler = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        while process.poll() is None:
            progress.update()
            time.sleep(_POLL)
        return process.returncode
    finally:
        signal.signal(signal.SIGTERM, handler)
        progress.close()
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def tail(log: Path, lines: int = 25) -> str:
    """The last lines of a log, set off for quoting."""
    text = log.read_text(encoding='utf-8', errors='replace').splitlines()[-lines:]
    return '\n'.join(f'  | {line}' for line in text)
