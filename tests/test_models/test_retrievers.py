import pytest
import torch
import torch.nn.functional as F
from mmengine.structures import BaseDataElement

from mmrice.models.retrievers.bank import Bank, build_bank
from mmrice.testing.distributed import run_ranks
from mmrice.utils import UserError

pytest.importorskip('mmpretrain')

NUM_IMAGES = 7


def encode(batch):
    """Features that tell the image: of image n, the n-th unit vector."""
    return F.one_hot(torch.tensor([sample.sample_idx for sample in batch['data_samples']]), NUM_IMAGES).float()


def batch(*numbers):
    samples = [BaseDataElement(metainfo=dict(sample_idx=number)) for number in numbers]
    for sample in samples:
        sample.gt_label = torch.tensor([sample.sample_idx % 3] if sample.sample_idx != 2 else [])
    return dict(data_samples=samples)


def _bank_of_rank(rank, world_size):
    share = [[batch(0, 2, 4), batch(6)], [batch(1, 3), batch(5, 0)]][rank]  # the sampler shows image 0 twice
    return build_bank(encode, share, NUM_IMAGES, torch.float16)


def test_every_rank_has_each_image_once_and_in_order():
    alone = build_bank(encode, [batch(3, 1, 0), batch(6, 5, 4, 2)], NUM_IMAGES, torch.float32)
    for bank in [alone, *run_ranks(_bank_of_rank, 2)]:
        torch.testing.assert_close(bank.features.float(), torch.eye(NUM_IMAGES))
        assert bank.labels.tolist() == [0, 1, -1, 0, 1, 2, 0]


def test_a_bank_in_half_precision_is_built_in_a_loop_with_mixed_precision():
    with torch.autocast('cpu', dtype=torch.bfloat16):
        bank = build_bank(encode, [batch(3, 1, 0), batch(6, 5, 4, 2)], NUM_IMAGES, torch.float16)
    assert torch.equal(bank.features, torch.eye(NUM_IMAGES, dtype=torch.float16))


def test_a_bank_that_lacks_images_is_refused():
    with pytest.raises(UserError, match='shows 2 of 7 images'):
        build_bank(encode, [batch(3, 1)], NUM_IMAGES, torch.float32)


def build(kind, **kwargs):
    from mmrice.registry import MODELS
    arch = dict(embed_dims=32, num_layers=1, num_heads=2, feedforward_channels=32)
    backbone = dict(type='mmrice.RICEViT', arch=arch, patch_size=8, out_type='featmap')
    return MODELS.build(dict(type=f'mmrice.{kind}', backbone=backbone, prototype={}, **kwargs)).eval()


@pytest.fixture
def asked():
    """Unit vectors with two classes of two images each, and their samples."""
    from mmpretrain.structures import DataSample
    features = F.normalize(torch.tensor([[1., 0.], [.9, .1], [0., 1.], [.8, .2]]), dim=1)
    samples = [DataSample(metainfo=dict(sample_idx=number)).set_gt_label(number // 2) for number in range(4)]
    return features, samples


def test_leave_one_out_looks_for_the_class_among_the_others(asked):
    from mmpretrain.evaluation import RetrievalRecall
    features, samples = asked
    model = build('ImageRetriever', leave_one_out=True)
    model.bank = Bank(features, torch.tensor([0, 0, 1, 1]))
    results = model.match(features, samples)
    assert [int(sample.pred_label) for sample in results] == [1, 0, 3, 1]
    assert [sample.gt_score.tolist() for sample in results] == [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]
    metric = RetrievalRecall(topk=(1, 3))
    metric.process(None, [sample.to_dict() for sample in results])
    assert metric.evaluate(4) == {'retrieval/Recall@1': 75., 'retrieval/Recall@3': 100.}


def test_neighbours_vote_for_their_class(asked):
    features, samples = asked
    model = build('KNNClassifier', num_classes=3, k=2, temperature=0.1)
    model.bank = Bank(features.half(), torch.tensor([0, 0, 1, 1]))
    scores = torch.stack([sample.pred_score for sample in model.match(features, samples)])
    pair = ((features @ features.half().float().T)[3] / 0.1).exp()
    torch.testing.assert_close(scores[3], torch.tensor([pair[1], pair[3], 0.]) / (pair[1] + pair[3]))
    assert scores.argmax(1).tolist() == [0, 0, 1, 1]


def test_the_encoder_gives_class_tokens_of_unit_length_whatever_its_config_says():
    images = torch.rand(2, 3, 16, 24)
    features = build('ImageRetriever')(images)
    assert features.shape == (2, 32)
    torch.testing.assert_close(features.norm(dim=1), torch.ones(2))
    with pytest.raises(UserError, match="shape \\(2, 32, 2, 3\\), expected \\(B, C\\).*'avg_featmap'"):
        build('ImageRetriever', out_type='featmap')(images)
    with pytest.raises(UserError, match='nothing to train'):
        build('ImageRetriever')(images, mode='loss')


def test_settings_that_cannot_work_are_refused():
    for wrong, match in ((dict(k=0), 'k=0'), (dict(temperature=0.), 'temperature=0.0'),
                         (dict(bank_dtype='int8'), "bank_dtype is 'int8'")):
        with pytest.raises(UserError, match=match):
            build('KNNClassifier', num_classes=3, **wrong)
