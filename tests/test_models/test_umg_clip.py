"""UMGCLIP: its configurations are CLIP, CLOC and RICE, each term is what it says, and all learn."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData
from torch.nn.parallel import DistributedDataParallel

from mmrice.models.pretrainers.base import gather_regions
from mmrice.registry import MODELS
from mmrice.structures import KINDS, RegionDataSample
from mmrice.testing.distributed import run_ranks
from mmrice.testing.tiny_region_text import DIMS, parts
from mmrice.utils import UserError

pytest.importorskip('mmpretrain')

NAMES = ['dog', 'cat', 'coin', 'jeep', 'grass']
PIXEL = dict(type='mmrice.MaskPooling', in_channels=32, out_channels=DIMS)
ROI_ALIGN = dict(type='mmrice.RoIAlignPooling', in_channels=32, out_channels=DIMS, patch_size=8)
TEXTS = dict(type='mmrice.RegionTextHead', grounding_weight=0., pixel_weight=1., text_filter=None)
TAGS = dict(type='mmrice.TagHead', num_tags=len(NAMES))
CLUSTERS = dict(type='mmrice.ClusterDiscriminationHead', embed_dims=DIMS, object=dict(num_classes=9), sample_ratio=1.)
EVERYTHING = dict(pixel_neck=PIXEL, neck=ROI_ALIGN, head=TEXTS, tag_head=TAGS, tags=dict(names=NAMES),
                  cluster_head=CLUSTERS)
START, END = 49406, 49407  # CLIP's


def build(kind='UMGCLIP', **changes):
    torch.manual_seed(0)
    config = {**parts(), 'data_preprocessor': dict(mean=[127.] * 3, std=[60.] * 3), **changes}
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return MODELS.build(dict(type=f'mmrice.{kind}', **{name: part for name, part in config.items() if part}))


def sample(rows, caption=()):
    """``rows``: (kind, box, words or labels, patches of the mask)."""
    words = [[START, *said, END] for kind, _, said, _ in rows if kind == 'text']
    longest = max(map(len, words), default=0)
    masks = np.zeros((len(rows), 4, 6), np.uint8)
    for mask, (*_, patches) in zip(masks, rows):
        mask.flat[list(patches)] = 255
    padded = [own + [0] * (longest - len(own)) for own in words]
    found = RegionDataSample(metainfo=dict(
        text_tokens=np.array(padded, np.int32).reshape(len(words), longest),
        caption_tokens=np.array([START, *caption, END] if caption else [], np.int32), patch_masks=masks))
    labels = [[] if kind == 'text' else list(said) for kind, _, said, _ in rows]
    width = max(map(len, labels), default=0)
    found.gt_regions = InstanceData(
        bboxes=torch.tensor([box for _, box, *_ in rows]).float().view(-1, 4),
        kinds=torch.tensor([KINDS.index(kind) for kind, *_ in rows], dtype=torch.int64),
        labels=torch.tensor([own + [-1] * (width - len(own)) for own in labels]).long().view(len(rows), width))
    return found


def make_batch():
    """Three images: everything, a caption and tags of the image alone, a region whose words have no mask."""
    torch.manual_seed(1)
    return dict(
        inputs=[torch.randint(0, 255, (3, 32, 48), dtype=torch.uint8) for _ in range(3)],
        data_samples=[
            sample([('text', [0, 0, 20, 20], [1], [0, 1, 6]), ('object', [1, 1, 9, 9], [4], []),
                    ('tags', [0, 0, 20, 20], [0, 3], [0, 1, 6]), ('text', [16, 8, 48, 32], [2, 3], [20]),
                    ('image_tags', [0, 0, 48, 32], [0, 3, 4], [])], [1, 2, 3]),
            sample([('image_tags', [0, 0, 48, 32], [2], [])], [4]),
            sample([('text', [4, 4, 30, 32], [5, 6], []), ('tags', [8, 8, 40, 32], [1], [])])])


@pytest.fixture
def batch():
    return make_batch()


def run(model, batch):
    return model(**model.data_preprocessor(batch, training=True), mode='loss')


@pytest.mark.parametrize('changes', [
    dict(neck=None, head=dict(type='mmrice.RegionTextHead', region_weight=0.)),
    dict(neck=dict(type='mmrice.Prompter', in_channels=32, out_channels=DIMS, patch_size=8),
         head=dict(type='mmrice.RegionTextHead'))], ids=['CLIP', 'CLOC'])
def test_clip_and_cloc_are_configurations(changes, batch):
    model, cloc = build(**changes), build('CLOC', **changes)
    model.load_state_dict(cloc.state_dict())
    found, expected = run(model, batch), run(cloc, batch)
    assert found['loss_image_text'] > 0
    torch.testing.assert_close(found, expected)


def test_rice_is_a_configuration(batch):
    for own in batch['data_samples']:  # its pipeline has these alone
        own.gt_regions = own.gt_regions[own.gt_regions.kinds == 0]
    without = dict(image_neck=None, text_encoder=None)
    rice, model = build('RICE', head=CLUSTERS, **without), build(cluster_head=CLUSTERS, **without)
    model.load_state_dict({f'cluster_{name}' if name.startswith('head.') else name: value
                           for name, value in rice.state_dict().items()})
    found, expected = run(model, batch), run(rice, batch)
    assert found['loss_object'] > 0
    torch.testing.assert_close(found, expected)


def test_each_term_is_what_it_says(batch):
    model = build(**EVERYTHING)
    inputs = model.data_preprocessor(batch, training=True)['inputs']
    tokens, losses = model.backbone(inputs)[-1], run(model, batch)
    patches = tokens[:, 1:]
    texts = F.normalize(torch.cat([model.text_encoder(torch.tensor([[START, *said, END]]))[1]
                                   for said in ([1], [2, 3])]), dim=1)
    masks = torch.stack([patches[0, [0, 1, 6]].mean(0), patches[0, 20]])
    logits = F.normalize(model.pixel_neck.proj(masks), dim=1) @ texts.T / 0.07
    target = torch.arange(2)
    expected = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
    torch.testing.assert_close(losses['loss_pixel_text'], 1 / 3 * expected)  # of three images one has such masks

    names = F.normalize(model.text_encoder(torch.from_numpy(model.tag_names(torch.arange(5))).long())[1], dim=1)
    seen = dict(
        image=(model.image_neck((tokens[:2, 0], ))[-1], [[0, 3, 4], [2]], 1.),
        region=(model.neck(tokens, (4, 6), [torch.tensor(box).float().view(-1, 4) for box in (
            [0, 0, 20, 20], [], [8, 8, 40, 32])]), [[0, 3], [1]], 2 / 3),
        pixel=(model.pixel_neck.proj(masks[:1]), [[0, 3]], 1 / 3))
    for level, (vectors, labels, share) in seen.items():
        logits = F.normalize(vectors, dim=1) @ names.T / 0.07
        total = 0.
        for row, own in zip(logits, labels):
            others = [tag for tag in range(5) if tag not in own]
            total = total + (1 + (-row[own]).exp().sum()).log() + (1 + row[others].exp().sum()).log()
        torch.testing.assert_close(losses[f'loss_{level}_tag'], share * total / len(labels), msg=level)
    regions = gather_regions(batch['data_samples'], ['object'])
    expected = model.cluster_head.loss(model.neck(tokens, (4, 6), regions.boxes), regions.kinds, regions.labels)
    torch.testing.assert_close(losses['loss_object'], expected['loss_object'])
    assert losses['loss_region_text'] > 0 and losses['loss_image_text'] > 0


def test_weights_scale_their_terms_and_a_term_without_weight_is_not_there(batch):
    whole = run(build(**EVERYTHING), batch)
    head = {**TEXTS, 'region_weight': 0.5, 'pixel_weight': 2.}
    scaled = run(build(**{**EVERYTHING, 'head': head, 'tag_head': {**TAGS, 'image_weight': 3.}}), batch)
    for name, factor in dict(loss_region_text=0.5, loss_pixel_text=2., loss_image_tag=3., loss_region_tag=1.).items():
        torch.testing.assert_close(scaled[name], factor * whole[name], msg=name)
    tags = {**TAGS, 'region_weight': 0., 'pixel_weight': 0.}
    alone = run(build(neck=None, tag_head=tags, tags=dict(names=NAMES)), batch)
    assert [name for name in alone if name.startswith('loss')] == ['loss_image_tag']


@pytest.mark.parametrize('neck', [
    ROI_ALIGN, dict(type='mmrice.MaskPooling', in_channels=32, out_channels=DIMS, patch_size=8), parts()['neck'],
    dict(type='mmrice.Prompter', in_channels=32, out_channels=DIMS, patch_size=8)],
    ids=['RoIAlign', 'MaskPooling', 'RegionTransformer', 'Prompter'])
def test_every_parameter_learns_with_every_pooling_of_regions(neck, batch):
    head = {**TEXTS, 'grounding_weight': float(neck['type'] == 'mmrice.Prompter')}
    model = build(**{**EVERYTHING, 'neck': neck, 'head': head})
    optimizer, history = torch.optim.AdamW(model.parameters(), lr=3e-3), []
    for _ in range(10):
        losses, _ = model.parse_losses(run(model, batch))
        optimizer.zero_grad()
        losses.backward()
        optimizer.step()
        history.append(losses.item())
    assert history[-1] < 0.8 * history[0]
    assert not [name for name, parameter in model.named_parameters() if parameter.grad is None]


def test_a_batch_without_what_a_term_needs_trains(batch):
    model = build(**EVERYTHING)
    batch['data_samples'] = [sample([], [4]) for _ in range(3)]
    losses = run(model, batch)
    assert losses['loss_region_tag'] == losses['loss_pixel_text'] == losses['loss_image_tag'] == 0
    model.parse_losses(losses)[0].backward()
    assert not [name for name, parameter in model.named_parameters() if parameter.grad is None]


@pytest.mark.parametrize('masks', [None, np.zeros((5, 2, 3), np.uint8)], ids=['none', 'of other patches'])
def test_samples_without_the_masks_of_its_patches_are_one_clear_error(masks, batch):
    for own in batch['data_samples']:
        del own.patch_masks
        if masks is not None:
            own.set_metainfo(dict(patch_masks=masks))
    with pytest.raises(UserError, match=r'expected \(5, 4, 6\): .* Put mmrice.PatchMasks\(patch_size=8\)'):
        run(build(**EVERYTHING), batch)


def step(rank, world_size):
    """Losses and gradients of a rank, which has the image in the middle or the others."""
    model, batch = build(**EVERYTHING).double(), make_batch()
    chosen = {0: [1], 1: [0, 2]}[rank] if world_size == 2 else [1, 0, 2]
    batch = {name: [values[place] for place in chosen] for name, values in batch.items()}
    data = model.data_preprocessor(batch, training=True)
    wrapped = DistributedDataParallel(model) if world_size > 1 else model
    losses = wrapped(data['inputs'].double(), data['data_samples'], mode='loss')
    sum(value for name, value in losses.items() if name.startswith('loss')).backward()
    return ({name: value.item() for name, value in losses.items() if name.startswith('loss')},
            {name: value.grad for name, value in model.named_parameters() if 'centers' not in name})


def test_two_ranks_have_the_losses_and_gradients_of_one_with_the_whole_batch():
    (expected, gradients), results = step(0, 1), run_ranks(step, 2)
    for name, value in expected.items():
        assert sum(losses[name] for losses, _ in results) / 2 == pytest.approx(value, rel=1e-6), name
    for name, gradient in gradients.items():
        torch.testing.assert_close(results[0][1][name], gradient, rtol=1e-5, atol=1e-7, msg=name)


@pytest.mark.parametrize(('changes', 'message'), [
    (dict(pixel_neck=None), 'model.pixel_neck is missing'),
    (dict(neck=None), 'model.neck is missing'),
    (dict(tags=None), 'model.tags is missing'),
    (dict(head={**TEXTS, 'pixel_weight': 0.}, tag_head={**TAGS, 'pixel_weight': 0.}), 'pixel_neck is not used'),
    (dict(tag_head={**TAGS, 'num_tags': 4}), 'model.tags has 5 names, model.tag_head num_tags=4'),
    (dict(head={**TEXTS, 'grounding_weight': 1.}), 'model.neck has no grounding'),
    (dict(cluster_neck=dict(type='mmrice.Prompter', in_channels=32, out_channels=DIMS, patch_size=8)),
     'model.cluster_neck has grounding, but no weight'),
    (dict(neck=PIXEL), 'model.neck pools boxes: give its patch_size'),
    (dict(tag_head={**TAGS, 'region_weight': -1.}), 'model.tag_head has weights .* none below 0'),
    (dict(tag_head={**TAGS, **dict.fromkeys(('image_weight', 'region_weight', 'pixel_weight'), 0.)}), 'one above'),
    (dict.fromkeys(('head', 'tag_head', 'tags', 'cluster_head', 'neck', 'pixel_neck')), 'nothing is trained'),
    (dict(tags=dict(names=[*NAMES[:-1], 'dog'])), "name 'dog' is empty or there twice"),
    (dict(cluster_head=None, cluster_neck=ROI_ALIGN), 'cluster_neck is not used'),
    (dict(tags=dict(names='nowhere.json')), 'nowhere.json: cannot be read'),
])
def test_parts_and_weights_that_do_not_belong_together_are_one_clear_error(changes, message):
    with pytest.raises(UserError, match=message):
        build(**{**EVERYTHING, **changes})
