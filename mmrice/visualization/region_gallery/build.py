"""The gallery of region shards: one HTML file with clusters, words and images, to be searched and opened offline."""
import json
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

from mmrice.datasets.shard_format import read_meta
from mmrice.utils import UserError

from .labels import CLUSTERED, Counts, Limits, choose, choose_images, count_labels, find_shards
from .members import Embeddings, Members, find_members
from .overview import overview_section, provenance_section
from .page import assemble
from .pictures import Pictures, images_to_show, take_pictures
from .sections import clusters_section, images_section, words_section


class Gallery(NamedTuple):
    """The page in parts, to be written one after the other, and how much of the build it shows: (name, shown, of how
    many)."""
    page: List[str]
    shown: List[Tuple[str, int, int]]


def build_gallery(root: Path, limits: Limits) -> Gallery:
    """Read a build and draw its page.

    Args:
        root: Folder that tools/build_region_data.py wrote.
        limits: How much is shown.

    Raises:
        UserError: The build is not finished or damaged.
    """
    meta = read_meta(root)
    num_classes, num_regions = (_counts_of(root, meta, name) for name in ('num_classes', 'num_regions'))
    tars = find_shards(root, meta['num_shards'])
    kind = next((name for name in CLUSTERED if num_regions.get(name)), None)
    vocabulary, tags = (_vocabulary(root, num_classes.get(name, 0), file)
                        for name, file in (('ocr', 'ocr_vocab.json'), ('tags', 'tag_vocab.json')))
    word = _word_or_token(meta)
    counts = count_labels(tars, kind, num_classes)
    clusters = choose(counts.sizes_K, limits.clusters, spread=True)
    words = choose(counts.uses_V, limits.words)
    words = words[counts.uses_V[words] > 0]
    embeddings = Embeddings(root, tars, counts.regions, clusters)
    members = find_members(tars, kind, num_classes, clusters, words, embeddings, limits)
    rows = {(int(row['shard']), int(row['row'])) for best in (members.clusters, members.words) for row in best.rows}
    images = images_to_show((members.clusters.rows, members.words.rows),
                            choose_images(counts.images, limits.images, limits.seed), limits.images)
    pictures = take_pictures(tars, rows, images, tags)
    data = {'clusters': _clusters(clusters, counts, members, pictures, not embeddings.missing),
            'words': _words(words, vocabulary, counts, members, pictures), 'word': word,
            'images': pictures.images, 'crops': pictures.crops}
    sections = [('overview', 'Overview', overview_section(root, meta, kind, counts, word)),
                ('clusters', 'Clusters', clusters_section(kind, counts, len(clusters), limits, embeddings.missing)),
                ('words', f'{word.title()}s read by OCR', words_section(counts, len(words), limits, word)),
                ('images', 'Images', images_section(pictures, meta['num_images'])),
                ('made', 'How it was made', provenance_section(meta))]
    empty = {'clusters': not len(clusters), 'words': not len(words), 'images': not pictures.images}
    lead = (f'<p>{meta["num_images"]:,} images in {meta["num_shards"]:,} shards, their regions, and what these were '
            'labelled with.</p><noscript><p>Clusters, words and images below need JavaScript, which is switched off. '
            'Nothing is fetched from anywhere.</p></noscript>')
    name = '/'.join(Path(root).resolve().parts[-2:])
    page = assemble(f'Region shards in {name}', lead, [one for one in sections if not empty.get(one[0])], data)
    return Gallery(page, [('clusters', len(clusters), len(counts.sizes_K)),
                          (f'{word}s in use', len(words), int((counts.uses_V > 0).sum())),
                          ('images', len(pictures.images), meta['num_images'])])


def _counts_of(root: Path, meta: Dict[str, Any], field: str) -> Dict[str, int]:
    found = meta[field]
    if not isinstance(found, dict) or not all(isinstance(value, int) and value >= 0 for value in found.values()):
        raise UserError(f'{Path(root) / "meta.json"}: {field} is {found!r}, expected a number for each kind, such as '
                        "{'object': 128}. Build the shards again with tools/build_region_data.py.")
    return found


def _vocabulary(root: Path, size: int, file: str) -> List[str]:
    """The words or tags, or '#17' for each where they are not known."""
    path = Path(root) / file
    try:
        words = json.loads(path.read_text(encoding='utf-8')) if path.is_file() else []
    except ValueError as error:
        raise UserError(f'{path}: not valid JSON ({error}). Delete it and run the build again.') from error
    if not isinstance(words, list) or (words and len(words) < size):
        raise UserError(f'{path}: expected a list of {size} words, as many as meta.json says. '
                        'Delete it and run the build again.')
    return [str(word) for word in words] or [f'#{number}' for number in range(size)]


def _word_or_token(meta: Dict[str, Any]) -> str:
    """What the classes of OCR regions are called."""
    config: Any = meta['made_by']
    for name in ('engine', 'label', 'vocabulary', 'type'):
        config = config.get(name) if isinstance(config, dict) else None
    return 'word' if config is None or str(config).endswith('WordVocabulary') else 'token'


def _clusters(chosen: np.ndarray, counts: Counts, members: Members, pictures: Pictures,
              scored: bool) -> List[Dict[str, Any]]:
    entries = []
    for slot, label in enumerate(chosen.tolist()):
        size = int(counts.sizes_K[label])
        known = scored and size > 0
        crops = [[pictures.crop_of[row['shard'], row['row']], round(float(row['score']), 3) if known else None]
                 for row in members.clusters.slot(slot)]
        entries.append({'id': label, 'size': size, 'images': int(members.images_S[slot]), 'crops': crops,
                        'cosine': round(float(members.score_S[slot] / size), 3) if known else None})
    return entries


def _words(chosen: np.ndarray, vocabulary: Sequence[str], counts: Counts, members: Members,
           pictures: Pictures) -> List[Dict[str, Any]]:
    return [{'id': label, 'word': vocabulary[label], 'size': int(counts.uses_V[label]),
             'crops': [[pictures.crop_of[row['shard'], row['row']], None] for row in members.words.slot(slot)]}
            for slot, label in enumerate(chosen.tolist())]
