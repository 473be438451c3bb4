"""Builds that are killed, and what they leave."""
import io
import json
from contextlib import redirect_stdout

import pytest

from mmrice.data_engine.build import Build
from mmrice.data_engine.executors import LocalExecutor
from mmrice.data_engine.workspace import Workspace


def build(engine, out):
    with redirect_stdout(io.StringIO()):
        Build(engine, out, LocalExecutor(0)).run()


def state(out):
    """All files of a build with their contents, but for the dates in stamps."""
    found = {}
    for path in sorted(path for path in out.rglob('*') if path.is_file() and path.name != 'lock'):
        found[path.relative_to(out).as_posix()] = content = path.read_bytes()
        if path.name.endswith('.stamp.json'):
            stamp = json.loads(content)
            stamp['outputs'] = {name: [size, digest] for name, (size, _, digest) in stamp['outputs'].items()}
            found[path.relative_to(out).as_posix()] = stamp
    return found


class Killed(Exception):
    pass


@pytest.fixture
def kill_before_stamp(monkeypatch):
    """``kill_before_stamp(stage, engine, out)``: build up to the first stamp of a stage, whose outputs are there."""
    whole = Workspace.write_stamp

    def run(stage, engine, out):
        def write_stamp(self, name, shard, config, inputs, outputs, counts):
            if name == stage:
                assert outputs and all(path.is_file() for path in outputs)
                raise Killed
            return whole(self, name, shard, config, inputs, outputs, counts)

        with monkeypatch.context() as patch:
            patch.setattr(Workspace, 'write_stamp', write_stamp)
            with pytest.raises(Killed):
                build(engine, out)

    return run
