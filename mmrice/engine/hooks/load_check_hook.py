"""LoadCheckHook: a checkpoint that does not fit the model is an error."""
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmrice.registry import HOOKS
from mmrice.utils import UserError

from ..centers import restore_centers
from ..load_report import find_state_dict, load_weights, unwrapped


@HOOKS.register_module()
class LoadCheckHook(Hook):
    """Report what ``load_from`` or ``resume`` matched, and stop when it is too little.

    Args:
        min_coverage (float): Fraction of the model's parameters that must be loaded. Defaults to 1. Resuming always
            needs all of them.
    """
    priority = 'HIGHEST'

    def __init__(self, min_coverage: float = 1.) -> None:
        self.min_coverage = min_coverage

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Load class centres that lie apart, and compare a checkpoint with the model.

        Raises:
            UserError: Too few parameters match, or the class centres are missing, damaged or of another number.
        """
        restore_centers(runner, checkpoint)
        source = str(runner._load_from or 'the latest checkpoint')
        report = load_weights(unwrapped(runner.model), find_state_dict(checkpoint), source)
        needed = 1. if runner._resume else self.min_coverage
        if report.coverage < needed or not report.matched:
            raise UserError(report.complaint())
        if report.coverage < 1:
            runner.logger.info(report.table())
