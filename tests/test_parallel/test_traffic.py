"""What a rank sends in a step is what the closed formula says."""
import pytest
import torch
import torch.distributed as dist
from nccl_paths import take_nccl_paths

from mmrice.models import ClusterDiscriminationHead
from mmrice.parallel import shard_rows
from mmrice.parallel.traffic import count_traffic, head_traffic
from mmrice.testing.distributed import run_ranks

DIMS, OBJECTS, WORDS, LABELS = 6, 8, 5, 3  # neither 8 nor 5 can be divided by three ranks


def one_step(rank, world_size, num_classes):
    head = ClusterDiscriminationHead(DIMS, dict(num_classes=num_classes), dict(num_classes=num_classes),
                                     sample_ratio=0.5)
    regions = [len(range(number)[slice(*shard_rows(number, rank, world_size)[:2])]) for number in (OBJECTS, WORDS)]
    kinds = torch.tensor([0] * regions[0] + [1] * regions[1])
    labels = torch.arange(LABELS).expand(len(kinds), -1) % num_classes
    with count_traffic() as sent:
        outputs = head.loss(torch.randn(len(kinds), DIMS, requires_grad=True), kinds, labels)
        (outputs['loss_object'] + outputs['loss_ocr']).backward()
    dist.barrier()
    after = dict(sent)
    dist.all_reduce(torch.zeros(3))
    return sent, after, dist.all_reduce.__module__


def work(rank, world_size):
    found = dict(few=one_step(rank, world_size, 2), many=one_step(rank, world_size, 300))
    with pytest.MonkeyPatch.context() as patch:
        take_nccl_paths(patch)
        found['nccl'] = one_step(rank, world_size, 300)
    return found


@pytest.fixture(scope='module')
def ranks():
    return run_ranks(work, 3)


def expected(backend):
    parts = [head_traffic(number, DIMS, labels, 3, backend) for number, labels in ((OBJECTS, 1), (WORDS, LABELS))]
    return {key: sum(part[key] for part in parts) for key in parts[0]}


@pytest.mark.parametrize('run, backend', [('few', 'gloo'), ('many', 'gloo'), ('nccl', 'nccl')])
def test_a_rank_sends_what_the_formula_says_whatever_the_number_of_classes(ranks, run, backend):
    for found in ranks:
        assert sum(found[run][0].values()) == pytest.approx(sum(expected(backend).values()), rel=1e-12)


def test_gradients_of_embeddings_are_scattered_where_the_backend_can(ranks):
    parts = expected('nccl')
    assert ranks[0]['nccl'][0]['reduce_scatter_tensor'] == pytest.approx(parts['gradient of embeddings'])
    assert ranks[0]['nccl'][0]['all_reduce'] == pytest.approx(parts['statistics'])
    assert ranks[0]['many'][0]['reduce_scatter_tensor'] == 0


def test_counting_ends_with_the_block(ranks):
    for sent, after, module in (found['many'] for found in ranks):
        assert sent == after and module == 'torch.distributed.distributed_c10d'


def test_one_process_sends_nothing():
    assert set(head_traffic(100, 8, 2, 1).values()) == {0}


def test_an_even_spread_moves_two_embeddings_of_each_region_to_the_others():
    found = head_traffic(64 * 512 * 10, 1024, 1, 64)
    assert found['embeddings'] == found['gradient of embeddings'] == 63 * 5120 * 1024 * 4
