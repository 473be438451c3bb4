"""Fixtures."""
import json
import runpy
import sys
from pathlib import Path

import pytest

from mmrice.testing.fixtures import tiny  # noqa: F401

FOLDER = Path(__file__).parents[2] / 'tools' / 'analysis_tools'


@pytest.fixture
def analyse(monkeypatch, capsys, tmp_path):
    """``analyse(tool, config, ...) -> (exit status, content of the JSON file, lines of stdout, lines of stderr)``.

    The tool runs in this process. It must write its JSON file exactly when it succeeds.
    """
    monkeypatch.setattr('logging.raiseExceptions', False)  # loggers of earlier tests hold their closed streams

    def run(tool, config, *arguments):
        path = tmp_path / 'result.json'
        path.unlink(missing_ok=True)
        monkeypatch.setattr(sys, 'argv', [tool, str(config), '--json', str(path), *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(FOLDER / tool), run_name='__main__')
        captured = capsys.readouterr()
        status = ended.value.code or 0
        assert path.exists() == (status == 0)
        content = None if status else json.loads(path.read_text())
        return status, content, captured.out.splitlines(), captured.err.splitlines()

    return run
