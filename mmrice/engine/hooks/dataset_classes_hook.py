"""DatasetClassesHook: the classes of a dataset for a model that knows them by name."""
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from mmrice.registry import HOOKS
from mmrice.utils import UserError

from ..load_report import unwrapped


@HOOKS.register_module()
class DatasetClassesHook(Hook):
    """Give the names of the classes of the validation or test dataset to ``model.set_classes``."""

    def before_val(self, runner: Runner) -> None:
        """Take those of the validation dataset."""
        self._hand_over(runner, runner.val_dataloader)

    def before_test(self, runner: Runner) -> None:
        """Take those of the test dataset."""
        self._hand_over(runner, runner.test_dataloader)

    @staticmethod
    def _hand_over(runner: Runner, loader: DataLoader) -> None:
        classes = getattr(loader.dataset, 'metainfo', {}).get('classes')
        if not classes:
            raise UserError(f'{type(loader.dataset).__name__}: names no classes. Give model.classes.')
        unwrapped(runner.model).set_classes(classes)
