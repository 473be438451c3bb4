"""The parts of an engine: built, checked, and hashed with what their output depends on."""
from typing import Any, Dict, List, Optional

from mmrice.utils import UserError

from .clustering.search import cells_to_search
from .parts import build_part
from .stages import READS, STAGES
from .workspace import digest

CLUSTERED = ('propose', 'embed', 'cluster')  # all of them, or none; or boxes alone, which stage ground captions
TEXTS = ('caption', 'ground', 'tag')  # whose outputs become rows with a text or tags
LABEL_VERSION = 3  # of the tables that stage label writes and of its counts
_SCAN_IGNORES = ('min_edge', 'max_edge', 'quality', 'drop_duplicates', 'hint', 'images_per_shard')


class Engine:
    """The parts of an engine.

    Args:
        config: ``ingest``, ``label``, and what makes regions: ``propose``, ``embed`` and ``cluster`` for those with a
            cluster, ``ocr`` for written words, ``caption`` and ``ground``, perhaps with ``phrases`` between them, for
            captions and phrases, ``tag`` for tags, ``mask`` for the masks of regions with phrases or tags. Each part
            but label has a ``type``.

    Attributes:
        config (dict): As given.
        stages (list): Those of :data:`STAGES` that it has.
        source, clusterer, vocabulary, tags: Parts that the build itself calls; no clusterer without ``cluster``, no
            vocabulary without OCR, no vocabulary of tags without ``tag``.
        kind (str, optional): Of the proposed regions with clusters, 'object' or 'image'.
        ground_reads (str, optional): The stage that ground is given, see :class:`.grounders.Grounder`.
        texts (tuple): Those of :data:`TEXTS` that it has, and 'mask'.
        top_k (int, optional): Labels of each.
        assign (str | int): How centres are searched, see :func:`.clustering.search.cells_to_search`.
        digests (dict): Stage -> hash of its settings, with 'scan' and 'duplicates', the first steps of ingest.

    Raises:
        UserError: A part is missing or its config is wrong.
    """

    def __init__(self, config: Dict[str, Any]) -> None:
        self.config = config
        _check_names(config)
        self.stages = [name for name in STAGES if config.get(name) or name == 'label']
        self.texts = tuple(name for name in (*TEXTS, 'mask') if name in self.stages)
        parts = {name: build_part(config[name], name) for name in self.stages if name != 'label'}
        self.ground_reads = getattr(parts.get('ground'), 'reads', None)
        _check_readers(config, parts, self.ground_reads)
        self.source, self.clusterer, self.vocabulary, self.tags = parts['ingest'], parts.get('cluster'), None, None
        if 'ocr' in parts:
            self.vocabulary = build_part(config['label'].get('vocabulary'), 'label.vocabulary')
        if 'tag' in parts:
            self.tags = build_part(config['label'].get('tags'), 'label.tags')
        self.kind = getattr(parts['propose'], 'kind', 'object') if 'cluster' in parts else None
        self.top_k = self._top_k(config['label'])
        self.assign = config['label'].get('assign', 'exact')
        cells_to_search(self.assign)
        self.digests = {name: digest([name, config[name], *_state(part)]) for name, part in parts.items()}
        self.digests['label'] = digest(['label', LABEL_VERSION, config['label'],
                                        getattr(self.clusterer, 'version', None), self.kind, *_state(self.vocabulary),
                                        *_state(self.tags)])
        # Finding the files again is not needed where they are only decoded in another way.
        finding = {key: value for key, value in config['ingest'].items() if key not in _SCAN_IGNORES}
        self.digests.update(scan=digest(['scan', finding, self.source.version]), duplicates=digest(['duplicates', 1]))

    def _top_k(self, label: Dict[str, Any]) -> Optional[int]:
        top_k = label.get('top_k')
        if top_k is not None and (not isinstance(top_k, int) or top_k < 1):
            raise UserError(f'engine.label.top_k is {top_k!r}, expected a number of clusters, 1 or more.')
        if self.kind != 'image' and (top_k or 1) > 1:
            raise UserError(f'engine.label.top_k is {top_k}, but an object region has one label. Leave it out, or '
                            'propose whole images with mmrice.WholeImageProposer.')
        return top_k

    def config_of(self, stage: str) -> Optional[Dict[str, Any]]:
        """Config of the part that runs a stage on a shard; None for label where nothing has a cluster."""
        return self.config.get({'scan': 'ingest', 'label': 'cluster'}.get(stage, stage))

    def reads(self, stage: str) -> List[str]:
        """The stages of this engine whose outputs a stage reads, shard by shard."""
        unread = {'propose', 'phrases'} - {self.ground_reads} if stage == 'ground' else ()
        return [name for name in READS[stage] if name in self.stages and name not in unread]


def _check_readers(config: Dict[str, Any], parts: Dict[str, Any], ground_reads: Optional[str]) -> None:
    """Raise where a part lacks the stage that it reads."""
    if ground_reads == 'phrases' and 'phrases' not in parts:
        raise UserError(f'engine.phrases is missing from the config: {config["ground"]["type"]} looks for the phrases '
                        "of that stage, e.g. dict(type='mmrice.PhraseExtractor').")
    if ground_reads == 'propose' and 'propose' not in parts:
        raise UserError(f'engine.propose is missing from the config: {config["ground"]["type"]} captions its boxes.')
    if 'propose' in parts and 'cluster' not in parts and ground_reads != 'propose':
        raise UserError('engine.embed is missing from the config: nothing else reads the boxes of engine.propose.')
    if getattr(parts.get('tag'), 'needs_texts', False) and not {'caption', 'ground'} & parts.keys():
        raise UserError(f'engine.caption is missing from the config: {config["tag"]["type"]} finds tags in captions, '
                        'and in the phrases of stage ground.')
    if 'mask' in parts and not {'ground', 'tag'} & parts.keys():
        raise UserError('engine.ground is missing from the config: engine.mask finds the pixels of regions with '
                        'phrases or tags.')


def _check_names(config: Dict[str, Any]) -> None:
    """Raise for an unknown part, and for one that is missing beside the others."""
    for name in config:
        if name not in STAGES:
            raise UserError(f'engine.{name}: unknown part. Expected {", ".join(STAGES)}.')
    has_texts, clustered = any(map(config.get, TEXTS)), any(map(config.get, CLUSTERED[1:]))
    needed = {'ingest', *(CLUSTERED if clustered or not has_texts else ()),
              *(['caption'] if config.get('phrases') else ())}
    for name in STAGES:
        if config.get(name) is None if name == 'label' else name in needed and not config.get(name):
            raise UserError(f'engine.{name} is missing from the config.')


def _state(part: Any) -> List[Any]:
    """What a part's output depends on besides its config."""
    return [] if part is None else [part.version, getattr(part, 'fingerprint', list)()]
