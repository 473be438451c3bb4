"""tools/analysis_tools/get_flops.py counts whole models of every host."""
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope
from torch import nn

import mmrice  # noqa: F401 before any host
from mmrice.utils.flops import vit_flops

ROOT = Path(__file__).parents[2]
QUICK = ROOT / 'configs' / 'quick'


@pytest.fixture
def tool(analyse):
    """``tool(config, ...) -> (rows by module, content of the JSON file, lines of stdout)``, or (status, errors)."""

    def run(*arguments):
        status, content, lines, errors = analyse('get_flops.py', *arguments)
        return (status, errors) if status else ({row['module']: row for row in content['rows']}, content, lines)

    return run


def layer_flops(config, forward):
    """FLOPs of the convolutions and linear layers of a model, found by hooks; ``forward(model)`` runs it."""
    cfg = Config.fromfile(config)
    found = []

    def book(module, args, output):
        taps = args[0].numel() if isinstance(module, nn.ConvTranspose2d) else output.numel()
        found.append(2 * taps * module.weight[0].numel())

    with DefaultScope.overwrite_default_scope(cfg.default_scope), torch.no_grad():
        if cfg.get('data_preprocessor'):
            cfg.model.data_preprocessor = cfg.data_preprocessor
        model = MODELS.build(cfg.model).eval()
        for module in model.modules():
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
                module.register_forward_hook(book)
        forward(model)
    return sum(found)


def detect(num_rois, pooled, num_masks=0):
    """Forward pass of a two-stage detector on 64 x 64 pixels without its RoI extractor."""

    def forward(model):
        maps = model.extract_feat(torch.rand(1, 3, 64, 64))
        model.rpn_head(maps)
        channels = model.roi_head.bbox_head.in_channels
        model.roi_head.bbox_head(torch.rand(num_rois, channels, pooled, pooled))
        if num_masks:
            model.roi_head.mask_head(torch.rand(num_masks, channels, 14, 14))

    return forward


def test_classifier_costs_its_layers_and_its_attention(tiny, tool):
    config = tiny('mmpretrain')
    rows, content, _ = tool(config)
    attention = 2 * 4 * 5**2 * 16
    layers = layer_flops(config, lambda model: model(torch.rand(1, 3, 32, 32)))
    assert rows['ImageClassifier']['flops'] == layers + attention
    assert content['ratios']['attention_share'] == pytest.approx(attention / (layers + attention))


def test_segmentor_costs_its_layers(tiny, tool):
    config = tiny('mmseg')
    rows, _, _ = tool(config)
    assert rows['EncoderDecoder']['flops'] == layer_flops(config, lambda model: model(torch.rand(1, 3, 32, 32)))
    assert rows['decode_head']['flops'] > 0


def test_detector_costs_its_layers_on_as_many_proposals_as_the_config_allows(tiny, tool):
    config = tiny('mmdet')
    rows, content, _ = tool(config)
    assert rows['FasterRCNN']['flops'] == layer_flops(config, detect(20, 3))
    assert 'proposals: 20 an image, as many as test_cfg.rpn.max_per_img allows' in content['env']['notes']
    assert 'roi_head.bbox_head: 20 RoIs' in content['env']['notes']


def test_detector_on_our_backbone_costs_its_layers_and_the_attention_of_the_backbone(tool):
    config = QUICK / 'mask-rcnn_rice-vit-tiny_mini-scenes.py'
    rows, _, _ = tool(config, '--shape', 64, 64)
    expected = layer_flops(config, detect(200, 7, 100)) + 6 * 4 * 17**2 * 192
    assert rows['MaskRCNN']['flops'] == expected
    assert rows['backbone']['flops'] == vit_flops(192, 6, 3, 768, 16, 64, 64)
    assert rows['MaskRCNN']['flops'] == sum(row['flops'] for row in rows.values() if row['depth'] == 1)


def test_pretrainer_costs_its_backbone_the_pooling_of_its_regions_and_both_tables(tool):
    rows, content, _ = tool(QUICK / 'rice_vit-tiny_mini.py', '--batch-size', 2)
    patches, regions = 12 * 12, 2 * 10
    assert rows['backbone']['flops'] == vit_flops(192, 6, 3, 768, 16, 192, 192, batch=2)
    assert rows['neck']['flops'] == 4 * regions * patches * 192 + 2 * regions * 192 * 192
    assert rows['head']['flops'] == 2 * 192 * (10 * 128 + 10 * 256)
    assert '5 object and 5 ocr regions' in ' '.join(content['env']['notes'])


def test_a_captioned_image_costs_its_backbone_both_uses_of_the_prompter_and_its_texts(tool):
    rows, content, _ = tool(QUICK / 'cloc_vit-tiny_mini-texts.py')
    assert rows['backbone']['flops'] == vit_flops(192, 6, 3, 768, 16, 192, 192)
    assert rows['image_neck']['flops'] == 2 * 192 * 128
    tokens, regions, texts = 1 + 12 * 12, 4, 1 + 4
    assert rows['neck.qkv']['flops'] == 2 * (tokens + 2 * regions) * 192 * 3 * 192  # tokens once
    assert rows['text_encoder.projection']['flops'] == 2 * texts * 128 * 128
    assert 'a caption and 4 regions an image, 32 tokens each' in ' '.join(content['env']['notes'])


def test_an_image_with_tags_masks_and_clusters_costs_all_their_heads(tool, tmp_path):
    (tmp_path / 'tags.json').write_text('["dog", "cat", "coin"]')
    rows, content, _ = tool(QUICK / 'umg-clip-rice_vit-tiny_mini-umg.py', '--cfg-options',
                            f'model.tags.names={tmp_path / "tags.json"}')
    assert rows['backbone']['flops'] == vit_flops(192, 6, 3, 768, 16, 192, 192)
    assert rows['neck.proj']['flops'] == rows['pixel_neck.proj']['flops'] == 2 * 8 * 192 * 128
    assert rows['text_encoder.projection']['flops'] == 2 * (1 + 4 + 3) * 128 * 128  # a caption, phrases, tags
    assert rows['cluster_head']['flops'] == 2 * 192 * (2 * 128 + 2 * 101)
    assert '4 with tags, 4 with clusters' in ' '.join(content['env']['notes'])


def test_stock_config_is_found_by_its_package_and_counted_on_its_own_size(tool):
    rows, content, lines = tool('mmpretrain::resnet/resnet18_8xb32_in1k.py', '--depth', 0)
    assert list(rows) == ['ImageClassifier']
    assert rows['ImageClassifier']['macs'] == pytest.approx(1.82e9, rel=0.005)  # MMPretrain's own table
    assert rows['ImageClassifier']['parameters'] == 11_689_512
    assert 'input: 1 x 3 x 224 x 224' in lines
    assert lines[-1] == f'results: {sys.argv[3]}'
    assert 'get_flops.py mmpretrain::resnet/resnet18_8xb32_in1k.py --json ' in content['command']


def test_size_that_the_patch_does_not_divide_is_padded_by_the_host(tool):
    config = QUICK / 'faster-rcnn_rice-vit-tiny_mini-trees.py'
    padded, _, lines = tool(config, '--shape', 60, 33)
    assert 'input: 1 x 3 x 64 x 64, 60 x 33 padded by the data_preprocessor' in lines
    assert padded == tool(config, '--shape', 64, 64)[0]


def test_size_that_the_model_cannot_take_is_one_line(tool):
    config = QUICK / 'upernet_rice-vit-tiny_mini-scenes.py'
    options = ['--shape', 60, 64, '--cfg-options', 'model.data_preprocessor.test_cfg=None']
    status, errors = tool(config, *options)
    assert (status, len(errors)) == (1, 1)
    assert errors[0].startswith(f'mmrice: {config}: RICEViT: input of 60 x 64 pixels is not divisible by patch_size=16')


@pytest.mark.parametrize(('arguments', 'words'), [
    ([QUICK / 'upernet_rice-vit-tiny_mini-scenes.py'], 'names no image size'),
    (['mmdet::retinanet/no-such.py'], 'retinanet/no-such.py: no such config'),
    (['mmnothing::a.py'], 'needs mmnothing, which is not installed'),
    ([QUICK / 'rice_vit-tiny_mini.py', '--batch-size', 0], '--batch-size: expected 1 or more, found 0'),
])
def test_what_cannot_be_counted_is_one_line_and_leaves_no_file(tool, arguments, words):
    status, errors = tool(*arguments)
    assert (status, len(errors)) == (1, 1)
    assert words in errors[0]
