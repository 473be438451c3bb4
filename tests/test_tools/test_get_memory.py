"""tools/analysis_tools/get_memory.py adds up what a GPU must hold."""
from pathlib import Path

import pytest

import mmrice  # noqa: F401 before any host

ROOT = Path(__file__).parents[2]
QUICK = ROOT / 'configs' / 'quick'
BASE, = (ROOT / 'configs' / 'rice').glob('rice_vit-base*224px.py')
LARGE, = (ROOT / 'configs' / 'rice').glob('rice_vit-large*336px.py')


@pytest.fixture
def tool(analyse):
    """``tool(config, ...) -> (bytes by part, total in GiB, lines of stdout)``, or (status, lines of stderr)."""

    def run(*arguments):
        status, content, lines, errors = analyse('get_memory.py', *arguments)
        if status:
            return status, errors
        return {row['part']: row['bytes'] for row in content['rows']}, content['ratios']['total_gib'], lines

    return run


def part(rows, words):
    found, = (count for name, count in rows.items() if words in name)
    return found


def test_total_is_the_sum_of_the_parts_and_the_default_gpus_are_those_of_the_config(tool):
    rows, total, lines = tool(BASE)
    assert lines[0] == '64 GPUs x 512 images of 224 x 224 px, bfloat16 autocast'
    assert sum(rows.values()) / 2**30 == pytest.approx(total)
    assert f'per GPU: {total:.1f} GiB' in lines


def test_centres_are_split_over_gpus_and_their_gradient_holds_the_rows_that_took_part(tool):
    rows, _, _ = tool(BASE)
    assert part(rows, 'object centres: 15,625 of 1,000,000 rows x 1024') == 15_625 * 1024 * 4
    assert part(rows, 'object centres: gradient') == -(-(100_000 + 163_840) // 64) * (1024 * 4 + 8)
    assert part(rows, 'ocr centres: gradient') == part(rows, 'ocr centres: 772 of') + 772 * 8
    alone, _, _ = tool(BASE, '--gpus', 1)
    assert part(alone, 'object centres: 1,000,000 of') == 1_000_000 * 1024 * 4
    assert part(rows, 'DistributedDataParallel') == rows['gradients']
    assert not [name for name in alone if 'DistributedDataParallel' in name]


def test_embeddings_of_all_gpus_are_those_of_both_kinds(tool):
    rows, _, lines = tool(BASE)
    assert part(rows, 'embeddings of all GPUs') == 64 * 512 * 10 * 1024 * 4
    assert 'object: 163,840 embeddings in all' in lines and 'ocr: 163,840 embeddings in all' in lines


def test_parameters_and_their_moments_are_those_of_the_model(tool):
    from mmrice.models import RegionTransformer, RICEViT
    rows, _, _ = tool(QUICK / 'rice_vit-tiny_mini.py')
    model = RICEViT('tiny'), RegionTransformer(192, 192, 3, 16)
    count = sum(weight.numel() for part in model for weight in part.parameters())
    assert part(rows, 'backbone and neck') == rows['gradients'] == 4 * count
    assert rows['AdamW moments'] == 8 * count


def test_recomputing_layers_saves_what_they_keep(tool):
    recomputed, total, _ = tool(LARGE)
    kept, more, _ = tool(LARGE, '--cfg-options', 'model.backbone.with_cp=False')
    assert total < 0.3 * more
    assert part(recomputed, 'activations of the backbone') < 0.12 * part(kept, 'activations of the backbone')


def test_mlcd_has_one_embedding_an_image_and_no_pooling(tool):
    rows, _, lines = tool(QUICK / 'mlcd_vit-tiny_mini.py', '--gpus', 3)
    assert 'image: 24 embeddings in all' in lines
    assert not [name for name in rows if 'neck' in name and 'backbone' not in name]


@pytest.mark.parametrize(('arguments', 'words'), [
    ([QUICK / 'upernet_rice-vit-tiny_mini-scenes.py'], 'only the memory of mmrice.RICE and mmrice.MLCD'),
    ([BASE, '--gpus', 0], '--gpus: expected 1 or more, found 0'),
    (['configs/none.py'], 'no such config'),
])
def test_what_cannot_be_computed_is_one_line(tool, arguments, words):
    status, errors = tool(*arguments)
    assert (status, len(errors)) == (1, 1)
    assert words in errors[0]
