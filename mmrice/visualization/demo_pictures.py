"""Pictures of the demo's report: predictions, features, regions and clusters, each section as HTML."""
from html import escape
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np
from PIL import Image

from . import html
from .draw_regions import blend_labels, draw_regions, label_color, region_captions
from .features import pca_rgb
from .patch_features import patch_features
from .predictions import Example
from .shards import RegionShards

FEATURE_SIDE = 448
MIN_SCORE = 0.3
NUM_REGIONS = 9
RUNS = (('from RICE', 'rice'), ('from random init', 'random'))


def _rows(heads: List[str], rows: List[List[Tuple[np.ndarray, str]]]) -> str:
    """A grid of pictures under column titles."""
    kind = f'row cols{len(heads)}'
    top = ''.join(f'<div>{escape(head)}</div>' for head in heads)
    body = ''.join(f'<div class="{kind}">' + ''.join(html.figure(image, '', alt) for image, alt in row) + '</div>'
                   for row in rows)
    return f'<div class="{kind} heads">{top}</div>{body}'


def _boxes(example: Example, boxes: np.ndarray, color: Tuple[int, int, int], captions=None) -> np.ndarray:
    scale = max(1., 384 / example.image.shape[1])
    return draw_regions(example.image, boxes, captions, [color] * len(boxes), scale=scale, font_size=11)


def detections_section(runs: Dict[str, Tuple[List[Example], dict]]) -> str:
    """Ground truth and the boxes of both runs."""
    rows = []
    for number, example in enumerate(runs['rice'][0]):
        row = [(_boxes(example, example.truth[0], (64, 200, 90)), f'image {number}: {len(example.truth[0])} annotated')]
        for name, kind in RUNS:
            boxes, _, scores = runs[kind][0][number].prediction
            kept = scores >= MIN_SCORE
            captions = [f'{100 * score:.0f}' for score in scores[kept]]
            row.append((_boxes(example, boxes[kept], (255, 160, 30), captions), f'image {number}: {kept.sum()} {name}'))
        rows.append(row)
    return (f'<p class="soft">Three tiles evenly spaced over the validation set, not chosen by how they came out. '
            f'Boxes with a score of at least {MIN_SCORE}; the number is the score in percent.</p>'
            + _rows(['Ground truth', *(name[0].upper() + name[1:] for name, _ in RUNS)], rows))


def segmentations_section(runs: Dict[str, Tuple[List[Example], dict]]) -> str:
    """Image, label map, and the maps of both runs, with a legend."""
    examples, meta = runs['rice']
    rows, seen = [], set()
    for number, example in enumerate(examples):
        maps = [example.truth, *(runs[kind][0][number].prediction for _, kind in RUNS)]
        seen.update(*(np.unique(one).tolist() for one in maps))
        row = [(example.image, f'image {number}')]
        row += [(blend_labels(example.image, one, meta['palette'], 0.75), f'image {number}: {name}')
                for one, name in zip(maps, ('ground truth', *(name for name, _ in RUNS)))]
        rows.append(row)
    legend = ''.join(f'<span><i style="background:rgb{tuple(meta["palette"][label])}"></i>'
                     f'{escape(meta["classes"][label])}</span>' for label in sorted(seen - {255}))
    return ('<p class="soft">Four scenes evenly spaced over the validation set (synthetic composition of real pixels). '
            f'Pixels that are ignored keep the image\'s colours.</p><div class="swatches">{legend}</div>'
            + _rows(['Image', 'Ground truth', *(name[0].upper() + name[1:] for name, _ in RUNS)], rows))


def features_section(demo_dir: Path, pretraining: Any, images: List[np.ndarray]) -> str:
    """Principal components of the patch features as colours."""
    norm = pretraining.model.data_preprocessor
    maps = [pca_rgb(patch_features(pretraining.model.backbone, weights, images, FEATURE_SIDE, norm.mean, norm.std))
            for weights in (demo_dir / 'pretrain' / 'latest.pth', None)]
    rows = ''.join('<div class="row cols3">' + html.figure(_square(image), '', f'image {number}')
                   + ''.join(html.figure(one[number], '', f'image {number}: {name}', cells=True)
                             for one, name in zip(maps, ('pretrained', 'random weights'))) + '</div>'
                   for number, image in enumerate(images))
    heads = ''.join(f'<div>{head}</div>' for head in ('Image', 'Pretrained with RICE', 'Random weights'))
    return ('<p class="soft">Each patch is coloured by the three strongest principal components of all patches in its '
            f'column. Images are resized to {FEATURE_SIDE} x {FEATURE_SIDE} pixels; no label is used.</p>'
            f'<div class="row cols3 heads">{heads}</div>{rows}')


def _square(image: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((FEATURE_SIDE, FEATURE_SIDE), Image.BICUBIC))


def regions_section(shards: RegionShards) -> str:
    """Some images with their regions."""
    figures = []
    for key in shards.sample(6):
        image, regions = shards.image(key), shards.regions[key]
        rows = [row for row, kind in enumerate(regions['kinds']) if kind == 'ocr']
        rows = rows + [row for row, kind in enumerate(regions['kinds']) if kind == 'object'][:NUM_REGIONS - len(rows)]
        kinds, labels, texts = ([regions[field][row] for row in rows] for field in ('kinds', 'labels', 'texts'))
        colors = [label_color(own[0]) if kind == 'object' else (255, 255, 255) for kind, own in zip(kinds, labels)]
        picture = draw_regions(image, regions['boxes'][rows], region_captions(kinds, labels, texts), colors,
                               scale=540 / image.shape[1], font_size=14)
        counts = {kind: regions['kinds'].count(kind) for kind in ('object', 'ocr')}
        figures.append(html.figure(picture, f'{key}: {counts["object"]} object and {counts["ocr"]} OCR regions'))
    meta = shards.meta
    return (f'<p>{meta["num_images"]:,} images, {meta["num_regions"]["object"]:,} object regions in '
            f'{meta["num_classes"]["object"]:,} clusters, {meta["num_regions"]["ocr"]:,} OCR regions with '
            f'{meta["num_classes"]["ocr"]:,} words. <span class="soft">#17 is the id of a cluster, in its colour; '
            f'quoted words were read by OCR. At most {NUM_REGIONS} regions an image are drawn.</span></p>'
            f'<div class="tiles two">{"".join(figures)}</div>')


def clusters_section(shards: RegionShards, count: int = 18, crops: int = 8) -> str:
    """Crops of clusters evenly spaced over all sizes."""
    clusters = shards.clusters()
    sizes = [len(members) for members in clusters.values()]
    ranks = np.linspace(0, len(sizes) - 1, min(count, len(sizes))).round().astype(int)
    cards = []
    for label in np.array(list(clusters))[ranks].tolist():
        members = clusters[label]
        shown = ''.join(html.img(_crop(shards.image(one.key), one.box), f'{one.key}, cosine {one.cosine:.2f}')
                        for one in members[:crops])
        size = f'{len(members)} regions of {len({one.key for one in members})} images'
        cards.append(f'<div class="card"><h3>#{label} <span class="soft">{size}</span></h3><div class="crops">{shown}'
                     '</div></div>')
    return (f'<p class="soft">{len(sizes)} clusters of {min(sizes)} to {max(sizes)} regions (median '
            f'{np.median(sizes):g}); these are evenly spaced from the largest to the smallest. The crops are the '
            'members nearest to the centre, so the clusters look more even here than they are.</p>'
            f'<div class="tiles three">{"".join(cards)}</div>')


def _crop(image: np.ndarray, box: np.ndarray, side: int = 96) -> np.ndarray:
    """A region as a square picture; its aspect ratio is lost."""
    left, top, right, bottom = (round(float(value)) for value in box)
    crop = Image.fromarray(image[top:max(bottom, top + 1), left:max(right, left + 1)])
    return np.asarray(crop.resize((side, side), Image.BICUBIC))
