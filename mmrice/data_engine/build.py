"""The build: runs the stages over the shards and redoes what is out of date."""
import fcntl
import re
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from mmrice.utils import UserError

from .fit_clusters import fit_clusters
from .parts import build_part
from .progress import Progress
from .stages import READS, STAGES, Job, run_job
from .summary import totals, write_rejects, write_summary
from .workspace import Stamp, Workspace, digest, read_json, write_json
from .write_vocabulary import write_vocabulary


class Build:
    """Region shards from a config.

    Args:
        engine: Config dict with ``ingest``, ``propose``, ``embed``, ``cluster``, ``label`` and, for text regions,
            ``ocr``; each part but label has a ``type``.
        root: The output folder.
        executor: Runs the jobs, e.g. :class:`~mmrice.data_engine.executors.LocalExecutor`.

    Raises:
        UserError: A part is missing or its config is wrong.
    """

    def __init__(self, engine: Dict[str, Any], root: Path, executor: Any) -> None:
        self.engine, self.executor, self.space = engine, executor, Workspace(Path(root))
        for name in engine:
            if name not in STAGES:
                raise UserError(f'engine.{name}: unknown part. Expected {", ".join(STAGES)}.')
        for name in STAGES:
            if name != 'ocr' and not engine.get(name):
                raise UserError(f'engine.{name} is missing from the config.')
        self.stages = [name for name in STAGES if engine.get(name)]
        parts = {name: build_part(engine[name], name) for name in self.stages if name != 'label'}
        self.ingester, self.clusterer, self.vocabulary = parts['ingest'], parts['cluster'], None
        if 'ocr' in parts:
            self.vocabulary = build_part(engine['label'].get('vocabulary'), 'label.vocabulary')
        self.digests = {name: digest([name, engine[name], part.version, getattr(part, 'fingerprint', list)()])
                        for name, part in parts.items()}
        self.kind = getattr(parts['propose'], 'kind', 'object')
        self.top_k = self._top_k(engine['label'])
        self.digests['label'] = digest(['label', engine['label'], self.clusterer.version, self.kind])
        self.stamps: Dict[str, List[Stamp]] = {}
        self.plan: Dict[str, List[dict]] = {}

    def _top_k(self, label: Dict[str, Any]) -> Optional[int]:
        top_k = label.get('top_k')
        if top_k is not None and (not isinstance(top_k, int) or top_k < 1):
            raise UserError(f'engine.label.top_k is {top_k!r}, expected a number of clusters, 1 or more.')
        if self.kind == 'object' and (top_k or 1) > 1:
            raise UserError(f'engine.label.top_k is {top_k}, but an object region has one label. Leave it out, or '
                            'propose whole images with mmrice.WholeImageProposer.')
        return top_k

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
            for leftover in [*self.space.root.glob('.tmp-*'), *self.space.root.glob('.work/.tmp-*')]:
                leftover.unlink(missing_ok=True)
            self._make_plan('ingest' in wanted)
            for name in self.stages[:last + 1]:
                self._bring_up_to_date(name, name in wanted)
            if 'label' in self.stamps:
                return write_summary(self.space, self.engine, self.stamps, self.kind)
        return f'{self.space.root}: up to date as far as {self.stages[last]}; run the remaining stages to finish.'

    def _make_plan(self, renew: bool) -> None:
        path = self.space.work('plan', 'json')
        if renew:
            write_json(path, self.ingester.plan())
        elif not path.is_file():
            raise UserError(f'{self.space.root}: stage ingest has not run here. Leave --stages out to run all stages.')
        self.plan = {f'{number:06d}': images for number, images in enumerate(read_json(path))}
        for found in [*self.space.root.iterdir(), *path.parent.iterdir()]:
            shard = re.match(r'(\d{6})\.', found.name)
            if shard and shard[1] not in self.plan:
                self.space.mark_unfinished()
                found.unlink()

    def _bring_up_to_date(self, name: str, wanted: bool) -> None:
        start = time.monotonic()
        done = self._cluster(wanted) if name == 'cluster' else self._shards(name, wanted)
        if name == 'ingest' and wanted:
            write_rejects(self.space, list(self.plan))
        if wanted:
            counts = '  '.join(f'{key} {value:,}' for key, value in totals(self.stamps[name]).items())
            took = f'{time.monotonic() - start:.1f} s' if done else 'was up to date'
            print(f'{name:8} {took:>14}  {counts}', flush=True)

    def _shards(self, stage: str, wanted: bool) -> bool:
        """Bring one stage of all shards up to date; returns whether anything was done."""
        shared, extra = [], None
        if stage == 'label':
            centers = self.stamps['cluster'][0].digests()
            shared = [*centers, write_vocabulary(self.space, self.vocabulary, list(self.plan))]
            extra = {'ocr': self.vocabulary is not None, 'centers': digest(centers), 'kind': self.kind,
                     'top_k': self.top_k}
        stamps: Dict[str, Stamp] = {}
        jobs = []
        for number, (shard, images) in enumerate(self.plan.items()):
            inputs = [d for name in READS[stage] if name in self.stamps for d in self.stamps[name][number].digests()]
            inputs += [digest(images)] if stage == 'ingest' else shared
            stamp = self._current(stage, shard, inputs)
            if stamp is not None:
                stamps[shard] = stamp
                continue
            config = self.engine['cluster' if stage == 'label' else stage]
            jobs.append(Job(self.space.root, stage, shard, config, self.digests[stage], inputs,
                            images if stage == 'ingest' else extra, len(images)))
        if jobs:
            self._check_wanted(stage, wanted, f'shard {jobs[0].shard}')
            progress = Progress(stage, sum(job.num_images for job in jobs))
            for job, stamp in self.executor.map(run_job, jobs):
                stamps[job.shard] = stamp
                progress.update(job.num_images, stamp.counts.get('rejects', 0) + stamp.counts.get('invalid_boxes', 0))
            progress.close()
        self.stamps[stage] = [stamps[shard] for shard in self.plan]
        return bool(jobs)

    def _cluster(self, wanted: bool) -> bool:
        """Bring the centres up to date; returns whether anything was done."""
        inputs = [d for stamp in self.stamps['embed'] for d in stamp.digests()]
        stamp = self._current('cluster', 'all', inputs)
        done = stamp is None
        if done:
            self._check_wanted('cluster', wanted, 'all shards')
            outputs, counts = fit_clusters(self.space, self.clusterer, list(self.plan))
            stamp = self.space.write_stamp('cluster', 'all', self.digests['cluster'], inputs, outputs, counts)
        self.stamps['cluster'] = [stamp]
        return done

    def _current(self, stage: str, shard: str, inputs: List[str]) -> Optional[Stamp]:
        """The stamp of a stage on a shard, if nothing has changed since."""
        stamp = self.space.read_stamp(stage, shard)
        if stamp is None or stamp.config != self.digests[stage] or stamp.inputs != inputs:
            return None
        return stamp if self.space.intact(stamp) else None

    def _check_wanted(self, stage: str, wanted: bool, what: str) -> None:
        if not wanted:
            raise UserError(f'{self.space.root}: stage {stage} ({what}) is missing, damaged, or was made with other '
                            f'settings or inputs. Add {stage} to --stages, or leave --stages out.')
        self.space.mark_unfinished()
