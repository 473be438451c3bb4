from mmrice.data_engine.sources import names
from mmrice.data_engine.sources.names import Names


def test_a_key_is_given_out_once(monkeypatch):
    monkeypatch.setattr(names, '_STEP', 4)  # so that keys are packed away meanwhile
    given = Names()
    keys = [given.key(text) for text in ['a b', 'a_b', 'a/b', *map(str, range(20)), 'a.b', '3', '3']]
    assert keys == ['a_b', 'a_b~2', 'a_b~3', *map(str, range(20)), 'a_b~4', '3~2', '3~3']
