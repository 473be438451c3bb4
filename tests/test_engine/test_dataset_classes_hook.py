from types import SimpleNamespace

import pytest
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop
from torch import nn

from mmrice.engine.hooks import DatasetClassesHook
from mmrice.utils import UserError


class Model(nn.Module):
    """Notes the names that it is given."""

    def __init__(self):
        super().__init__()
        self.given = []

    def set_classes(self, classes):
        self.given.append(list(classes))


class Loop(BaseLoop):
    """A loop over nothing."""

    def __init__(self):
        pass

    def run(self):
        pass


def runner(training, **classes):
    loaders = {f'{name}_dataloader': SimpleNamespace(dataset=SimpleNamespace(metainfo=dict(classes=names)))
               for name, names in classes.items()}
    return SimpleNamespace(model=Model(), _train_loop=Loop() if training else dict(type='Loop'), **loaders)


def test_a_model_knows_the_classes_of_the_dataset_that_it_sees_next():
    hook, training = DatasetClassesHook(), runner(True, train=['a', 'b'], val=['c'])
    for place in ('before_train', 'before_val', 'after_val'):
        getattr(hook, place)(training)
    assert training.model.given == [['a', 'b'], ['c'], ['a', 'b']]
    alone = runner(False, val=['c'], test=['d'])
    for place in ('before_val', 'after_val', 'before_test'):
        getattr(hook, place)(alone)
    assert alone.model.given == [['c'], ['d']] and hasattr(Hook, 'after_val')


def test_a_dataset_without_names_is_named():
    with pytest.raises(UserError, match='SimpleNamespace: names no classes. Give model.classes'):
        DatasetClassesHook().before_train(runner(True, train=[]))
