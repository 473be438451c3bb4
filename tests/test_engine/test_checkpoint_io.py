"""Reading, converting and finding checkpoint files."""
import collections
import datetime
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer

from mmrice.engine.checkpoint_io import AtomicBackend, find_latest, read_checkpoint, restore_buffers, to_plain
from mmrice.utils import UserError


def test_plain_values_load_with_weights_only_and_are_equal(tmp_path):
    ordered = collections.OrderedDict(w=torch.ones(2))
    ordered._metadata = dict(version=1)
    value = dict(a=np.float64(1.5), b=np.arange(3), c=ConfigDict(d=[Path('x'), np.array(['s'])]), e={1}, w=ordered)
    torch.save(to_plain(value), tmp_path / 'a.pth')
    loaded = torch.load(tmp_path / 'a.pth', weights_only=True)
    assert (loaded['a'], loaded['b'].tolist(), loaded['c'], loaded['e']) == (1.5, [0, 1, 2], dict(d=['x', ['s']]), {1})
    assert loaded['w']._metadata == dict(version=1)


def test_log_buffer_survives_the_way_there_and_back():
    buffer = HistoryBuffer([1., 2.], [1, 3], max_length=5)
    hub = dict(log_scalars=dict(loss=to_plain(buffer)))
    restore_buffers(hub)
    restored = hub['log_scalars']['loss']
    assert (restored.mean(), restored.max_length) == (buffer.mean(), 5)


def test_pickled_objects_are_refused_by_name(tmp_path):
    torch.save(dict(state_dict={}, when=datetime.timedelta(1)), tmp_path / 'a.pth')
    with pytest.raises(UserError, match='holds an object of type datetime.timedelta'):
        read_checkpoint(tmp_path / 'a.pth')


def test_damaged_file_is_named(tmp_path):
    torch.save(dict(a=torch.ones(100)), tmp_path / 'a.pth')
    (tmp_path / 'b.pth').write_bytes((tmp_path / 'a.pth').read_bytes()[:500])
    (tmp_path / 'c.pth').write_text('')
    for name in ('b.pth', 'c.pth'):
        with pytest.raises(UserError, match=f'{name}: damaged'):
            read_checkpoint(tmp_path / name)


def test_missing_file_names_what_lies_beside_it(tmp_path):
    torch.save({}, tmp_path / 'epoch_1.pth')
    with pytest.raises(UserError, match='epoch_9.pth: no such checkpoint.* holds epoch_1.pth'):
        read_checkpoint(tmp_path / 'epoch_9.pth')


def test_latest_is_found_when_the_pointer_is_stale_empty_or_names_a_damaged_file(tmp_path):
    assert find_latest(tmp_path) is None
    torch.save({}, tmp_path / 'epoch_1.pth')
    (tmp_path / 'epoch_2.pth').write_bytes(b'half')
    for pointer in ('/elsewhere/epoch_1.pth', '', str(tmp_path / 'epoch_2.pth')):
        (tmp_path / 'last_checkpoint').write_text(pointer)
        assert find_latest(tmp_path) == tmp_path / 'epoch_1.pth'


def test_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / 'a.pth'
    AtomicBackend().put(b'old', path)
    with pytest.raises(TypeError):
        AtomicBackend().put('not bytes', path)
    assert path.read_bytes() == b'old'
    assert [item.name for item in tmp_path.iterdir()] == ['a.pth']
