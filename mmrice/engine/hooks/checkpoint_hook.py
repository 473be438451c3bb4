"""CheckpointHook: mmengine's, safe against a crash or a full disk at any moment."""
import os
from collections import deque
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Optional

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook as _CheckpointHook
from mmengine.hooks import EMAHook
from mmengine.runner import Runner

from mmrice.parallel import row_shard
from mmrice.registry import HOOKS
from mmrice.utils import UserError, atomic_write

from ..centers import leave_out_tables, remove_with_centers, restore_centers, save_with_centers, tables_of
from ..checkpoint_io import ATOMIC_BACKEND, replace_link, restore_buffers, to_plain
from ..gradients import pending_gradients
from ..load_report import unwrapped
from ..weights import describe_training
from .load_check_hook import LoadCheckHook


class _RemoveLater:
    """A file backend that collects what is to be removed."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self.doomed: List[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def remove(self, path: str) -> None:
        """Note a file for removal."""
        self.doomed.append(path)


@HOOKS.register_module()
class CheckpointHook(_CheckpointHook):
    """mmengine's CheckpointHook, with checkpoints that are whole, plain and easy to find.

    - A checkpoint and ``last_checkpoint`` appear in one step, and older checkpoints (``max_keep_ckpts``, ``save_best``)
      are removed only after the new one is complete: whenever a run dies, the latest checkpoint is usable.
    - ``latest.pth`` in the work directory is a link to the latest checkpoint.
    - ``torch.load(path, weights_only=True)`` reads it: NumPy values and log buffers become tensors.
    - Gradients that wait for the next step (``accumulative_counts``) are saved.
    - Class centres, whose rows are split over ranks, lie in a folder beside it (``iter_100.centers``), written by all
      ranks and read by any number of them. Checkpoint and folder appear, and are removed, together.
    - ``meta['backbone']`` is the dict that builds the RICEViT of the model, and ``meta['preprocess']`` the mean and
      standard deviation that it was trained with, so that the checkpoint can be exported.

    Args:
        **kwargs: See :class:`mmengine.hooks.CheckpointHook`. With ``backend_args`` or ``file_client_args`` of your own
            the files are written by that backend.
    """
    priority = 95  # after mmengine's VERY_LOW hooks have added to the checkpoint

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.backend_args is None and self.file_client_args is None and '://' not in str(self.out_dir or ''):
            self.backend_args = dict(backend=ATOMIC_BACKEND)
        self._gradients: Dict[str, Any] = {}
        self._centers: Optional[str] = None

    @property
    def _atomic(self) -> bool:
        return (self.backend_args or {}).get('backend') == ATOMIC_BACKEND

    def before_train(self, runner: Runner) -> None:
        """Find the folder of the checkpoints, and the ones that are there.

        Raises:
            UserError: Class centres cannot be saved with these settings.
        """
        max_keep_ckpts, self.max_keep_ckpts = self.max_keep_ckpts, 0  # what is too many is removed below, with folders
        super().before_train(runner)
        self.max_keep_ckpts = max_keep_ckpts
        if max_keep_ckpts > 0:
            saved = runner.message_hub.runtime_info.get('keep_ckpt_ids', [])
            self.keep_ckpt_ids = deque(saved, max_keep_ckpts)
            self._remove(self._path(step) for step in saved[:-max_keep_ckpts])
            runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))
        if tables_of(runner):
            if not self._atomic:
                raise UserError('CheckpointHook: class centres are saved to local folders only. Leave out '
                                'backend_args and file_client_args, and give an out_dir without "://".')
            if any(isinstance(hook, EMAHook) for hook in runner.hooks):
                raise UserError('EMAHook: cannot average class centres whose rows are split over ranks. Take it out of '
                                'custom_hooks.')

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add waiting gradients and the description of the backbone, and make everything plain."""
        checkpoint.setdefault('meta', {}).update(describe_training(unwrapped(runner.model)))
        if self._centers is not None:
            checkpoint['meta']['centers'] = self._centers
            leave_out_tables(runner, checkpoint)
        elif not all(row_shard(table).is_whole for table in tables_of(runner).values()):
            raise UserError('class centres are split over ranks, and this checkpoint would have a part of them. Let '
                            'CheckpointHook save it instead of runner.save_checkpoint.')
        if self._gradients and 'optimizer' in checkpoint:
            checkpoint['gradients'] = self._gradients
        plain = to_plain(dict(checkpoint))
        checkpoint.clear()
        checkpoint.update(plain)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Load class centres unless that has been done, and give mmengine its log buffers back."""
        if not any(isinstance(hook, LoadCheckHook) for hook in runner.hooks):
            restore_centers(runner, checkpoint)
        if 'log_scalars' in checkpoint.get('message_hub', {}):
            restore_buffers(checkpoint['message_hub'])

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        outdated = self._outdated(runner, step)
        self.last_ckpt = self._path(step)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        self._gradients = pending_gradients(runner)
        self._save(
            runner,
            self.out_dir,
            self.filename_tmpl.format(step),
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args)
        self._gradients = {}
        if not is_main_process():
            return
        with atomic_write(os.path.join(runner.work_dir, 'last_checkpoint')) as pointer:
            pointer.write(self.last_ckpt)
        if self._atomic:
            replace_link(Path(runner.work_dir, 'latest.pth'), Path(os.path.abspath(self.last_ckpt)))
        self._remove(outdated)

    def _save(self, runner: Runner, out_dir: str, filename: str, *args: Any, **kwargs: Any) -> None:
        """``runner.save_checkpoint`` for all ranks, with class centres."""
        save = partial(type(runner).save_checkpoint, runner, out_dir, filename, *args, **kwargs)
        if not tables_of(runner):
            save()
            return

        def write(centers: str) -> None:
            self._centers = centers
            try:
                save()
            finally:
                self._centers = None

        save_with_centers(runner, Path(out_dir, filename), kwargs.get('save_optimizer', True), write)

    def _path(self, step: int) -> str:
        return self.file_backend.join_path(self.out_dir, self.filename_tmpl.format(step))

    def _remove(self, paths: Iterable[str]) -> None:
        """Remove checkpoints, those that are there."""
        for path in paths:
            if is_main_process() and self.file_backend.isfile(path):
                if self._atomic:
                    remove_with_centers(Path(path), self.file_backend.remove)
                else:
                    self.file_backend.remove(path)

    def _outdated(self, runner: Runner, step: int) -> List[str]:
        """Checkpoints beyond ``max_keep_ckpts`` once the one of ``step`` is there."""
        if self.max_keep_ckpts <= 0 or step in self.keep_ckpt_ids:
            return []
        keep = [*self.keep_ckpt_ids, step]
        outdated, keep = keep[:-self.max_keep_ckpts], keep[-self.max_keep_ckpts:]
        self.keep_ckpt_ids = deque(keep, self.max_keep_ckpts)
        runner.message_hub.update_info('keep_ckpt_ids', keep)
        return [self._path(old) for old in outdated]

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        runner.save_checkpoint = partial(self._save, runner)
        try:
            with self._removals_last():
                super()._save_best_checkpoint(runner, metrics)
        finally:
            del runner.save_checkpoint

    @contextmanager
    def _removals_last(self) -> Iterator[None]:
        """Carry out removals at the end of the block, and only if it ends well."""
        backend = self.file_backend
        self.file_backend = _RemoveLater(backend)
        try:
            yield
            doomed = self.file_backend.doomed
        finally:
            self.file_backend = backend
        kept = {getattr(self, 'best_ckpt_path', None), *getattr(self, 'best_ckpt_path_dict', {}).values()}
        self._remove(path for path in doomed if path not in kept)
