import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

import mmrice  # noqa: F401 before a host
from mmrice.testing.tiny_region_text import ARCH, parts
from mmrice.utils import UserError

pytest.importorskip('mmdet')
CLASSES = ('red', 'blue')


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Two images of 64 x 48 px, red on the left and blue on the right, with a box on each side; and one without."""
    import json
    root = tmp_path_factory.mktemp('boxes')
    pixels = np.random.default_rng(0).integers(0, 40, (3, 48, 64, 3)).astype(np.uint8)
    pixels[:, :, :32, 0] += 200
    pixels[:, :, 32:, 2] += 200
    for number, image in enumerate(pixels):
        Image.fromarray(image).save(root / f'{number}.png')
    boxes = [[2, 3, 28, 40], [34, 8, 26, 30]]
    (root / 'boxes.json').write_text(json.dumps(dict(
        images=[dict(id=number, file_name=f'{number}.png', width=64, height=48) for number in range(3)],
        categories=[dict(id=7, name='red'), dict(id=3, name='blue')],
        annotations=[dict(id=2 * image + place, image_id=image, category_id=(7, 3)[place], bbox=box, area=9, iscrowd=0)
                     for image in range(2) for place, box in enumerate(boxes)])))
    return root


def loader(folder, **kwargs):
    pipeline = [dict(type='LoadImageFromFile'), dict(type='mmrice.Letterbox', scale=(32, 32)),
                dict(type='LoadAnnotations', with_bbox=True),
                dict(type='PackDetInputs', meta_keys=('ori_shape', 'img_shape', 'scale_factor', 'pad_offset'))]
    dataset = dict(type='mmrice.CocoBoxes', data_root=str(folder), ann_file='boxes.json', data_prefix=dict(img='.'),
                   test_mode=True, pipeline=pipeline, _scope_='mmdet')
    return dict(batch_size=2, num_workers=0, dataset={**dataset, **kwargs},
                sampler=dict(type='DefaultSampler', shuffle=False))


def build(folder, **kwargs):
    from mmrice.registry import MODELS
    torch.manual_seed(0)
    preprocessor = dict(type='mmdet.DetDataPreprocessor', mean=[100.] * 3, std=[60.] * 3)
    backbone = dict(type='mmrice.RICEViT', arch=ARCH, patch_size=8, out_type='featmap')
    return MODELS.build({**dict(type='mmrice.RegionKNN', backbone=backbone, prototype=loader(folder),
                                data_preprocessor=preprocessor), **kwargs}).eval()


@torch.no_grad()
def test_without_a_neck_a_region_is_the_mean_of_the_tokens_whose_centres_lie_in_its_box(folder):
    model, images = build(folder), torch.randn(2, 3, 32, 48)
    boxes = [torch.tensor([[3., 3., 29., 21.], [9., 9., 10., 10.]]), torch.zeros(0, 4)]
    tokens = model.backbone(images)[-1][0, 1:].unflatten(0, (4, 6))
    expected = [tokens[:3, :4].mean(dim=(0, 1)), tokens[1, 1]]
    found = model.embed_regions(images, boxes)
    torch.testing.assert_close(found, F.normalize(torch.stack(expected), dim=1), atol=1e-5, rtol=0)


@torch.no_grad()
def test_with_a_neck_a_region_is_what_the_pretraining_pools(folder):
    model, images = build(folder, **parts('neck')), torch.randn(1, 3, 32, 48)
    boxes = [torch.tensor([[3., 3., 29., 21.]])]
    expected = model.neck(model.backbone(images)[-1], (4, 6), boxes)
    torch.testing.assert_close(model.embed_regions(images, boxes), F.normalize(expected, dim=1))


@torch.no_grad()
def test_boxes_of_the_bank_find_themselves_and_their_class_in_the_pixels_of_the_stored_image(folder):
    from mmengine.runner import Runner
    model = build(folder, k=3)
    samples = [sample for batch in Runner.build_dataloader(loader(folder)) for sample in model.test_step(batch)]
    assert [len(sample.pred_regions) for sample in samples] == [2, 2, 0]
    for sample in samples[:2]:
        regions = sample.pred_regions
        assert regions.labels.tolist() == [0, 1] == regions.scores.argmax(1).tolist()
        assert regions.neighbours[:, :2].tolist() == [[0, 0], [1, 1]]
        torch.testing.assert_close(regions.scores.sum(dim=1), torch.ones(2))


def test_classes_are_the_categories_of_the_file_in_its_order(folder):
    from mmrice.registry import DATASETS
    dataset = DATASETS.build(loader(folder)['dataset'])
    assert dataset.metainfo['classes'] == CLASSES
    assert [item['bbox_label'] for item in dataset.get_data_info(0)['instances']] == [0, 1]
    with pytest.raises(UserError, match='0.png: no json with named categories'):
        DATASETS.build({**loader(folder)['dataset'], 'ann_file': '0.png'})


def test_what_cannot_work_is_named(folder):
    with pytest.raises(UserError, match='k=0'):
        build(folder, k=0)
    with pytest.raises(UserError, match='no image of model.prototype has a box'):
        build(folder, prototype=loader(folder, indices=[2])).prepare_bank()
    with pytest.raises(UserError, match='nothing to train'):
        build(folder).loss(torch.zeros(1, 3, 32, 32), [])
