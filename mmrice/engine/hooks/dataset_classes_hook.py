"""DatasetClassesHook: the classes of a dataset for a model that knows them by name."""
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner
from torch.utils.data import DataLoader

from mmrice.registry import HOOKS
from mmrice.utils import UserError

from ..load_report import unwrapped


@HOOKS.register_module()
class DatasetClassesHook(Hook):
    """Give the names of the classes of a dataset to ``model.set_classes``: of the one that the model is to see next.

    A model that is trained on one dataset and validated on another knows each time those of the right one.
    """

    def before_train(self, runner: Runner) -> None:
        """Take those of the training dataset."""
        self._hand_over(runner, runner.train_dataloader)

    def before_val(self, runner: Runner) -> None:
        """Take those of the validation dataset."""
        self._hand_over(runner, runner.val_dataloader)

    def after_val(self, runner: Runner) -> None:
        """Go back to those of the training dataset, where training goes on."""
        if isinstance(runner._train_loop, BaseLoop):  # what the property train_loop would build
            self.before_train(runner)

    def before_test(self, runner: Runner) -> None:
        """Take those of the test dataset."""
        self._hand_over(runner, runner.test_dataloader)

    @staticmethod
    def _hand_over(runner: Runner, loader: DataLoader) -> None:
        classes = getattr(loader.dataset, 'metainfo', {}).get('classes')
        if not classes:
            raise UserError(f'{type(loader.dataset).__name__}: names no classes. Give model.classes.')
        unwrapped(runner.model).set_classes(classes)
