"""The build: runs the stages over the shards and redoes what is out of date."""
import fcntl
import time
from functools import partial
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from mmrice.utils import UserError

from .duplicates import write_twins
from .engine import Engine
from .fit_clusters import fit_clusters
from .plan import Shard, drop_other_shards, make_plan, read_plan
from .progress import Progress
from .stages import Job, run_job
from .summary import describe, write_rejects, write_summary
from .ticks import images_underway
from .workspace import Stamp, Workspace, digest
from .write_vocabulary import write_vocabulary


class Build:
    """Region shards from a config.

    Args:
        engine: Config dict of the engine, see :class:`~mmrice.data_engine.engine.Engine`.
        root: The output folder.
        executor: Runs the jobs, e.g. :class:`~mmrice.data_engine.executors.LocalExecutor`.

    Raises:
        UserError: A part is missing or its config is wrong.
    """

    def __init__(self, engine: Dict[str, Any], root: Path, executor: Any) -> None:
        self.engine, self.executor, self.space = Engine(engine), executor, Workspace(Path(root))
        self.stages = self.engine.stages
        self.stamps: Dict[str, List[Stamp]] = {}
        self.plan: Dict[str, Shard] = {}

    def run(self, stages: Optional[Sequence[str]] = None) -> str:
        """Bring the given stages up to date.

        Args:
            stages: Some of :data:`STAGES`; None takes all. Earlier ones must be up to date already.

        Returns:
            str: One line with the result.

        Raises:
            UserError: An earlier stage is out of date, or another build runs in this folder.
        """
        wanted = set(self.stages if stages is None else stages)
        last = max(self.stages.index(name) for name in wanted)
        self.space.work('lock').parent.mkdir(parents=True, exist_ok=True)
        with open(self.space.work('lock'), 'w') as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UserError(f'{self.space.root}: another build is writing to this folder.') from error
            for pattern in ('.tmp-*', '.work/.tmp-*', '.work/ticks/*'):
                for leftover in self.space.root.glob(pattern):
                    leftover.unlink(missing_ok=True)
            self.plan = make_plan(self.space, self.engine.source) if 'ingest' in wanted else read_plan(self.space)
            drop_other_shards(self.space, self.plan)
            for name in self.stages[:last + 1]:
                self._bring_up_to_date(name, name in wanted)
            if 'label' in self.stamps:
                return write_summary(self.space, self.engine.config, self.stamps, self.engine.kind)
        return f'{self.space.root}: up to date as far as {self.stages[last]}; run the remaining stages to finish.'

    def _bring_up_to_date(self, name: str, wanted: bool) -> None:
        start = time.monotonic()
        done = {'ingest': self._ingest, 'cluster': self._cluster}.get(name, lambda w: self._shards(name, w))(wanted)
        if wanted:
            took = f'{time.monotonic() - start:.1f} s' if done else 'was up to date'
            print(f'{name:8} {took:>14}  {describe(self.stamps[name])}', flush=True)

    def _ingest(self, wanted: bool) -> bool:
        """Bring the tars up to date: hash all files, find duplicates, decode; returns whether anything was done."""
        done, twins = False, {}
        if self.engine.source.drop_duplicates:
            done = self._shards('scan', wanted)
            inputs = [d for stamp in self.stamps['scan'] for d in stamp.digests()]
            stamp = self._current('duplicates', 'all', inputs)
            if stamp is None:
                self._check_wanted('ingest', wanted, 'duplicates')
                outputs = write_twins(self.space, list(self.plan))
                stamp = self.space.write_stamp('duplicates', 'all', self.engine.digests['duplicates'], inputs, outputs,
                                               {})
            twins = {Path(name).name[:-len('.twins.json')]: entry[2] for name, entry in stamp.outputs.items()}
        done |= self._shards('ingest', wanted, twins)
        if wanted:
            write_rejects(self.space, list(self.plan))
        return done

    def _shards(self, stage: str, wanted: bool, twins: Optional[Dict[str, str]] = None) -> bool:
        """Bring one stage of all shards up to date; returns whether anything was done."""
        shared, extra, reads = [], None, self.engine.reads(stage)
        if stage == 'label':
            centers = [d for stamp in self.stamps.get('cluster', ()) for d in stamp.digests()]
            shared = [*centers, self._vocabulary('vocabulary', self.engine.vocabulary, 'ocr'),
                      self._vocabulary('tag_vocabulary', self.engine.tags, 'tag')]
            vocabulary = None if self.engine.vocabulary is None else self.engine.config['label']['vocabulary']
            extra = {'vocabulary': vocabulary, 'centers': digest(centers), 'kind': self.engine.kind,
                     'top_k': self.engine.top_k, 'assign': self.engine.assign, 'texts': self.engine.texts}
        elif stage in ('ground', 'tag', 'mask'):
            extra = reads
        stamps: Dict[str, Stamp] = {}
        jobs = []
        for number, (shard, planned) in enumerate(self.plan.items()):
            inputs = [d for name in reads for d in self.stamps[name][number].digests()]
            inputs += [planned.digest] if stage in ('scan', 'ingest') else shared
            if stage == 'ingest':
                extra = shard in twins
                inputs += [twins[shard]] if extra else []
            stamp = self._current(stage, shard, inputs)
            if stamp is None:
                jobs.append(Job(self.space.root, stage, shard, self.engine.config_of(stage), self.engine.digests[stage],
                                inputs, extra, self._images(number, planned)))
            else:
                stamps[shard] = stamp
        if jobs:
            self._check_wanted('ingest' if stage == 'scan' else stage, wanted, f'shard {jobs[0].shard}')
            self._run(stage, jobs, stamps)
        self.stamps[stage] = [stamps[shard] for shard in self.plan]
        return bool(jobs)

    def _vocabulary(self, name: str, vocabulary: Any, stage: str) -> str:
        """Bring a vocabulary of the outputs of a stage up to date; returns its digest."""
        read = [d for stamp in self.stamps.get(stage, ()) for d in stamp.digests()]
        return write_vocabulary(self.space, vocabulary, list(self.plan), self.engine.digests['label'], read, name)

    def _run(self, stage: str, jobs: List[Job], stamps: Dict[str, Stamp]) -> None:
        """Run jobs and collect their stamps."""
        known = all(job.num_images is not None for job in jobs)
        total, unit = (sum(job.num_images for job in jobs), 'images') if known else (len(jobs), 'shards')
        underway = partial(images_underway, self.space.ticks(stage, '').parent) if known else None
        progress = Progress(stage, total, unit=unit, underway=underway)
        try:
            for job, stamp in self.executor.map(run_job, jobs):
                stamps[job.shard] = stamp
                left_out = stamp.counts.get('rejects', 0) + stamp.counts.get('invalid_boxes', 0)
                progress.update(job.num_images if known else 1, left_out)
        finally:
            progress.close()

    def _images(self, number: int, planned: Shard) -> Optional[int]:
        """How many images a shard has, as far as is known by now."""
        for stage in ('ingest', 'scan'):
            if stage in self.stamps:
                return self.stamps[stage][number].counts['images']
        return planned.images

    def _cluster(self, wanted: bool) -> bool:
        """Bring the centres up to date; returns whether anything was done."""
        inputs = [d for stamp in self.stamps['embed'] for d in stamp.digests()]
        stamp = self._current('cluster', 'all', inputs)
        done = stamp is None
        if done:
            self._check_wanted('cluster', wanted, 'all shards')
            outputs, counts = fit_clusters(self.space, self.engine.clusterer, list(self.plan))
            stamp = self.space.write_stamp('cluster', 'all', self.engine.digests['cluster'], inputs, outputs, counts)
        self.stamps['cluster'] = [stamp]
        return done

    def _current(self, stage: str, shard: str, inputs: List[str]) -> Optional[Stamp]:
        """The stamp of a stage on a shard, if nothing has changed since."""
        stamp = self.space.read_stamp(stage, shard)
        if stamp is None or stamp.config != self.engine.digests[stage] or stamp.inputs != inputs:
            return None
        return stamp if self.space.intact(stamp) else None

    def _check_wanted(self, stage: str, wanted: bool, what: str) -> None:
        if not wanted:
            raise UserError(f'{self.space.root}: stage {stage} ({what}) is missing, damaged, or was made with other '
                            f'settings or inputs. Add {stage} to --stages, or leave --stages out.')
        self.space.mark_unfinished()
