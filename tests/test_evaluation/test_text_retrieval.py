import numpy as np
import pytest
import test_region_recognition as recognition
import torch
import torch.nn.functional as F

from mmrice.evaluation import BoxAccuracy, ImageTextRetrieval, RegionTextRetrieval
from mmrice.evaluation.box_accuracy import paired_iou
from mmrice.evaluation.recall import groups_of, ranks_of_best_match, recall
from mmrice.testing.distributed import run_ranks
from mmrice.utils import UserError

IMAGES, WORDS = 9, ['a cat', 'A  cat', 'a dog', 'a bird', 'the sky', 'sea']


def unit(*shape, seed):
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def sample(number):
    """An image of several regions and captions; image 2 has neither."""
    regions, captions = (0, 0) if number == 2 else (3 + number % 3, 1 + number % 2)
    phrases = [WORDS[(number + place) % 6] for place in range(regions)]
    texts = [unit(8, seed=100 + WORDS.index(phrase)) for phrase in phrases]
    boxes = torch.rand(regions, 4, generator=torch.Generator().manual_seed(number)) * 20 + torch.tensor([0, 0, 20, 20])
    return dict(
        pred_regions=dict(embeddings=unit(regions, 8, seed=number), phrases=phrases,
                          text_embeddings=torch.stack(texts) if texts else torch.empty(0, 0)),
        image_embedding=unit(8, seed=number), caption_embeddings=unit(captions, 8, seed=50 + number),
        gt_instances=dict(bboxes=boxes), pred_instances=dict(bboxes=boxes + number))


def recalls(scores, right, k):
    """Plain: for each row with a right column, whether one is among the k best."""
    rows = [row for row in range(len(right)) if right[row].any()]
    return 100 * np.mean([right[row][np.argsort(-scores[row], kind='stable')[:k]].any() for row in rows])


def measure(metric, numbers=range(IMAGES)):
    for number in numbers:
        metric.process(None, [sample(number)])
    return metric.evaluate(IMAGES)


def test_recall_of_phrases_is_that_of_the_whole_matrix_and_copies_of_a_phrase_are_right():
    regions = [sample(number)['pred_regions'] for number in range(IMAGES) if number != 2]
    names = np.array([' '.join(phrase.lower().split()) for own in regions for phrase in own['phrases']])
    scores = (torch.cat([own['embeddings'] for own in regions])
              @ torch.cat([own['text_embeddings'] for own in regions]).T).numpy()
    right = names[:, None] == names
    assert right.sum() > len(right)
    metrics = measure(RegionTextRetrieval(topk=(1, 2, 20)))
    for k in (1, 2, 20):
        assert metrics[f'region_retrieval/t2r/Recall@{k}'] == pytest.approx(recalls(scores.T, right.T, k))
        assert metrics[f'region_retrieval/r2t/Recall@{k}'] == pytest.approx(recalls(scores, right, k))
    assert len(metrics) == 6


def test_recall_of_captions_counts_an_images_own_and_an_image_without_is_not_asked_for():
    samples = [sample(number) for number in range(IMAGES)]
    images = torch.stack([own['image_embedding'] for own in samples])
    captions = torch.cat([own['caption_embeddings'] for own in samples])
    owner = np.concatenate([[number] * len(own['caption_embeddings']) for number, own in enumerate(samples)])
    scores, right = (images @ captions.T).numpy(), owner == np.arange(IMAGES)[:, None]
    metrics = measure(ImageTextRetrieval(topk=(1, 3)))
    for k in (1, 3):
        assert metrics[f'image_retrieval/i2t/Recall@{k}'] == pytest.approx(recalls(scores, right, k))
        assert metrics[f'image_retrieval/t2i/Recall@{k}'] == pytest.approx(recalls(scores.T, right.T, k))
    assert len({*metrics.values()}) > 1


@pytest.mark.parametrize('block', [1, 3, 7, 100])
def test_blocks_change_nothing_and_a_tie_or_nan_is_wrong(block):
    queries, gallery = unit(10, 4, seed=0), unit(13, 4, seed=1)
    groups, others = torch.arange(10) % 4, torch.arange(13) % 5
    whole = queries @ gallery.T
    best = whole.masked_fill(groups[:, None] != others, -torch.inf).amax(1)
    expected = ((groups[:, None] != others) & (whole >= best[:, None])).sum(1)
    assert ranks_of_best_match(queries, gallery, groups, others, block).tolist() == expected.tolist()
    same = gallery[:1].expand(13, -1)
    assert ranks_of_best_match(queries, same, groups, others, block).tolist() == [
        int((others != group).sum()) for group in groups]
    nan = torch.full((10, 4), torch.nan)
    assert recall(ranks_of_best_match(nan, gallery, groups, others, block), 10) == 0
    assert ranks_of_best_match(queries[:1], gallery, torch.tensor([9]), others, block).tolist() == [13]


def test_phrases_are_the_same_whatever_their_capitals_and_spaces():
    assert groups_of(['A dog', 'cat', ' a  DOG', 'a dogs']).tolist() == [0, 1, 0, 2]


def test_a_box_is_right_where_half_of_both_together_is_shared():
    true = torch.tensor([[0., 0., 10., 10.]] * 5)
    found = torch.tensor([[0., 0., 10., 10.], [5., 0., 15., 10.], [0., 0., 10., 5.], [20., 0., 30., 9.],
                          [10., 10., 0., 0.]])
    assert paired_iou(true, found).tolist() == pytest.approx([1, 1 / 3, 0.5, 0, 0])
    metric = BoxAccuracy(thresholds=(0.5, 0.9))
    metric.process(None, [dict(gt_instances=dict(bboxes=true), pred_instances=dict(bboxes=found))])
    metrics = metric.evaluate(1)
    assert metrics == {'grounding/Acc@0.5': 40., 'grounding/Acc@0.9': 20., 'grounding/mIoU': pytest.approx(110 / 3)}


def _every(numbers):
    metrics = [measure(kind(), numbers) for kind in (RegionTextRetrieval, ImageTextRetrieval, BoxAccuracy)]
    return [*metrics, recognition.measure([number for number in numbers if number < recognition.IMAGES])]


def _of_rank(rank, world_size):
    return _every([(0, 2, 4, 6, 8), (1, 3, 5, 7, 0)][rank])  # the sampler shows image 0 twice


def test_several_processes_measure_what_one_does():
    alone = _every(range(IMAGES))
    assert run_ranks(_of_rank, 2) == [alone, alone]


@pytest.mark.parametrize('kind, wrong, match', [
    (RegionTextRetrieval, {}, 'RegionTextMatcher with neck'), (ImageTextRetrieval, {}, 'RegionTextMatcher with image'),
    (BoxAccuracy, dict(gt_instances=dict(bboxes=torch.zeros(1, 4)), img_path='x.jpg'), 'x.jpg: 0 boxes found for 1'),
])
def test_a_model_that_gives_something_else_is_named(kind, wrong, match):
    with pytest.raises(UserError, match=match):
        kind().process(None, [wrong])
    with pytest.raises(UserError, match=f'{kind.__name__}: no image has'):
        measure(kind(), [2] * IMAGES)
