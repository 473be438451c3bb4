"""The searchable sections of a gallery: words around the lists that gallery.js fills, and their fields."""
from .labels import Counts, Limits
from .pictures import Pictures

KINDS = {'object': 'objects', 'image': 'whole images', 'ocr': 'OCR', 'text': 'phrases', 'tags': 'tags'}
SORTS = {'size': 'largest first', 'small': 'smallest first', 'tight': 'tightest first', 'loose': 'loosest first',
         'id': 'by number'}


def clusters_section(kind: str, counts: Counts, shown: int, limits: Limits, missing: str) -> str:
    """Clusters that can be sorted and searched; ``missing`` says why cosines are unknown, '' where they are known."""
    total, filled = len(counts.sizes_K), int((counts.sizes_K > 0).sum())
    what = f'All {total:,} clusters.' if shown == total else (
        f'{shown:,} of {total:,} clusters, ' + ('evenly spaced from the largest to the smallest.' if filled > shown else
                                                'all that are not empty among them.'))
    crops = (f'Crops are {limits.crops} random members of each, since {missing}.' if missing else
             f'Crops are the {limits.crops} members nearest to the centre, the nearest first, with their cosine to it; '
             'so clusters look more even here than they are.')
    nearest = ' An image is counted in the nearest of its clusters.' if kind == 'image' else ''
    sorts = ''.join(f'<option value="{value}">{text}</option>' for value, text in SORTS.items()
                    if not (missing and value in ('tight', 'loose')))
    fields = ('<label>Cluster <input id="cluster-id" inputmode="numeric" placeholder="17, 40-60"></label>'
              '<label>Size from <input id="cluster-min" type="number" min="0"></label>'
              '<label>to <input id="cluster-max" type="number" min="0"></label>'
              f'<label>Order <select id="cluster-sort">{sorts}</select></label>')
    return f'<p class="soft">{what}{nearest} {crops}</p>{_list("cluster", fields)}'


def words_section(counts: Counts, shown: int, limits: Limits, word: str) -> str:
    """Words, or tokens, that can be searched together with what was read."""
    used = int((counts.uses_V > 0).sum())
    what = (f'The {shown:,} most frequent of {used:,} {word}s in use' if shown < used else
            f'All {used:,} {word}s in use') + f' (the vocabulary has {len(counts.uses_V):,}).'
    fields = (f'<label>Search <input id="word-q" type="search" placeholder="in {word}s and texts"></label>'
              '<label>Order <select id="word-sort"><option value="size">most frequent first</option>'
              '<option value="word">by alphabet</option></select></label>')
    return (f'<p class="soft">{what} Each comes with at most {limits.crops} random regions that are labelled with it, '
            f'and what was read there.</p>{_list("word", fields)}')


def images_section(pictures: Pictures, total: int) -> str:
    """Images whose boxes can be switched on and off by kind."""
    kinds = [kind for kind in KINDS if any(box[4] == kind for image in pictures.images for box in image['boxes'])]
    boxes = ''.join(f'<label class="check"><input type="checkbox" id="show-{kind}" checked> {KINDS[kind]}</label>'
                    for kind in kinds)
    fields = ('<label>Search <input id="image-q" type="search" placeholder="name, text or #cluster"></label>'
              f'{boxes}<label class="check"><input type="checkbox" id="show-labels"> all labels</label>')
    return (f'<p class="soft">{len(pictures.images):,} of {total:,} images: up to half are those that most of the '
            'crops above come from, the others are random. Point at a box to see what it is; click on it, or on its '
            f'label, to go to its cluster or word.</p>{_list("image", fields)}')


def _list(name: str, fields: str) -> str:
    """Form, status, cards and pager that gallery.js fills."""
    return (f'<div class="tools" role="search" aria-label="{name}s">{fields}</div>'
            f'<p class="soft" id="{name}-status" role="status"></p>'
            f'<div class="tiles two" id="{name}-list"></div>'
            f'<div class="pager"><button type="button" id="{name}-back">Previous</button>'
            f'<span class="soft" id="{name}-page"></span><button type="button" id="{name}-next">Next</button></div>')
