"""ExactResumeHook: a resumed run goes on with the very batch that would have come next."""
import logging
from typing import Any, Optional

from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

from mmrice.registry import HOOKS

from ..exact_batch_sampler import BatchStream, ExactBatchSampler
from ..gradients import restore_gradients

_KEY = 'mmrice'


@HOOKS.register_module()
class ExactResumeHook(Hook):
    """Put the data of a resumed run where the checkpoint left it, in epochs and in iterations.

    Needs ``train_dataloader.batch_sampler=dict(type='mmrice.ExactBatchSampler', ...)`` and a ``mmrice.SeededDataset``;
    ``tools/train.py`` sets both. An evaluation that the interrupted run owed is made up for first, since schedulers,
    early stopping and the best checkpoint depend on it.
    """
    priority = 'LOWEST'

    def __init__(self) -> None:
        self._saved: Optional[dict] = None
        self._gradients: dict = {}
        self._first_epoch_done = False

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Note where the data stands and whether this point has been evaluated."""
        meta = checkpoint['meta']
        # after an evaluation the counters have moved on to what the checkpoint says; before it they are one behind
        validated = (meta['epoch'], meta['iter']) == (runner.epoch, runner.iter)
        meta[_KEY] = dict(self._layout(runner), validated=validated)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Keep what is needed later, when resuming."""
        if runner._resume:
            self._saved = checkpoint.get('meta', {}).get(_KEY)
            self._gradients = checkpoint.get('gradients', {})
            self._keep_metainfo(runner, checkpoint.get('meta', {}))

    def before_train(self, runner: Runner) -> None:
        """Install the batch stream of iteration-based loops, restore gradients, make up for an owed evaluation."""
        loop = runner.train_loop
        sampler = loop.dataloader.batch_sampler
        if isinstance(sampler, ExactBatchSampler):
            # torch leaves batch_size None beside a batch sampler; hooks of hosts (PreciseBNHook) read it
            object.__setattr__(loop.dataloader, 'batch_size', sampler.batch_size)
            if hasattr(loop, 'dataloader_iterator'):
                loop.dataloader_iterator = BatchStream(loop.dataloader)
        if self._gradients:
            restore_gradients(runner, self._gradients)
            self._gradients = {}
        if self._saved is not None:
            self._warn_of_changes(runner)
            if not self._saved['validated'] and self._owes_evaluation(runner):
                runner.logger.info('Evaluating first: the interrupted run had not come to it.')
                runner.val_loop.run()

    def before_train_epoch(self, runner: Runner) -> None:
        """Begin an epoch of an epoch-based loop, the first one after resuming where it was left."""
        loop = runner.train_loop
        sampler = loop.dataloader.batch_sampler
        if not isinstance(sampler, ExactBatchSampler) or hasattr(loop, 'dataloader_iterator'):
            return
        sampler.set_epoch(runner.epoch)
        done = loop.iter - loop.epoch * len(loop.dataloader)
        if self._saved is not None and not self._first_epoch_done and done > 0 and self._unchanged(runner):
            runner.logger.info(f'Going on after batch {done} of epoch {loop.epoch + 1}.')
            sampler.advance(done)
        self._first_epoch_done = True

    @staticmethod
    def _layout(runner: Runner) -> dict:
        loader = runner.train_dataloader
        batch_size = getattr(loader.batch_sampler, 'batch_size', None)
        return dict(samples=len(loader.dataset), batch_size=batch_size, world_size=get_world_size())

    def _unchanged(self, runner: Runner) -> bool:
        return all(self._saved.get(key) == value for key, value in self._layout(runner).items())

    def _warn_of_changes(self, runner: Runner) -> None:
        if not self._unchanged(runner):
            saved = {key: self._saved.get(key) for key in self._layout(runner)}
            runner.logger.warning(f'The checkpoint was made with {saved}, this run has {self._layout(runner)}: it goes '
                                  'on, but with other batches than the undisturbed run would have seen.')

    @staticmethod
    def _owes_evaluation(runner: Runner) -> bool:
        """Whether the loop would have evaluated at the point where the checkpoint was made."""
        loop = runner.train_loop
        if runner.val_loop is None or loop.iter == 0:
            return False
        if hasattr(loop, 'dataloader_iterator'):
            now, last = loop.iter, loop.max_iters
        elif loop.iter == loop.epoch * len(loop.dataloader):
            now, last = loop.epoch, loop.max_epochs
        else:
            return False
        loop._decide_current_val_interval()
        return now >= loop.val_begin and (now % loop.val_interval == 0 or now == last)

    @staticmethod
    def _keep_metainfo(runner: Runner, meta: dict) -> None:
        """Spare mmengine's warning about classes that are equal but not pickled alike."""
        current: Any = getattr(runner.train_dataloader.dataset, 'metainfo', None)
        saved = meta.get('dataset_meta')
        if current is not None and saved is not None and str(current) == str(saved):
            meta['dataset_meta'] = current
        elif saved is not None:
            print_log('The classes of the dataset are not those of the checkpoint.', 'current', logging.WARNING)
