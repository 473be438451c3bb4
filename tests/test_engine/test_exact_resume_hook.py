"""A killed and resumed run ends like an undisturbed one, bit for bit."""
import pytest
import torch
from mmengine.hooks import Hook

from mmrice.testing.runs import Killed, same_weights, train, weights_of


@pytest.fixture(scope='module')
def undisturbed(tiny, tmp_path_factory):
    """Return ``run(scope, by_epoch) -> work_dir`` of undisturbed runs, each made once."""
    made = {}

    def run(scope, by_epoch):
        if (scope, by_epoch) not in made:
            made[scope, by_epoch] = tmp_path_factory.mktemp('undisturbed')
            train(tiny(scope, by_epoch), made[scope, by_epoch])
        return made[scope, by_epoch]

    return run


@pytest.mark.parametrize(('scope', 'by_epoch', 'kill_at'), [
    ('mmpretrain', True, 7),
    ('mmpretrain', False, 4),
    ('mmseg', True, 4),
    ('mmseg', False, 8),
    ('mmdet', True, 5),
    ('mmdet', False, 10),
])
def test_resumed_run_ends_with_the_weights_of_an_undisturbed_one(tiny, undisturbed, tmp_path, scope, by_epoch, kill_at):
    with pytest.raises(Killed):
        train(tiny(scope, by_epoch), tmp_path, kill_at=kill_at)
    train(tiny(scope, by_epoch), tmp_path, resume='auto')
    assert same_weights(tmp_path, undisturbed(scope, by_epoch))


@pytest.mark.parametrize('by_epoch', [True, False])
def test_number_of_workers_changes_nothing_even_when_it_changes_at_resume(tiny, undisturbed, tmp_path, by_epoch):
    config = tiny('mmpretrain', by_epoch)
    with pytest.raises(Killed):
        train(config, tmp_path, kill_at=5)
    train(config, tmp_path, resume='auto', train_dataloader__num_workers=2)
    assert same_weights(tmp_path, undisturbed('mmpretrain', by_epoch))


def test_another_seed_gives_other_weights(tiny, undisturbed, tmp_path):
    train(tiny('mmpretrain'), tmp_path, randomness__seed=8)
    assert not same_weights(tmp_path, undisturbed('mmpretrain', True))


def test_epoch_based_run_resumes_in_the_middle_of_an_epoch(tiny, undisturbed, tmp_path):
    options = dict(default_hooks__checkpoint__by_epoch=False, default_hooks__checkpoint__interval=2)
    with pytest.raises(Killed):
        train(tiny('mmpretrain'), tmp_path, kill_at=5, **options)
    assert (tmp_path / 'latest.pth').resolve().name == 'iter_4.pth'
    train(tiny('mmpretrain'), tmp_path, resume='auto', **options)
    model = {key: value for key, value in weights_of(tmp_path).items() if not key.startswith('optimizer')}
    other = weights_of(undisturbed('mmpretrain', True))
    assert all(torch.equal(value, other[key]) for key, value in model.items())


def test_finite_sampler_of_an_iteration_based_run_is_continued_in_the_right_pass(tiny, tmp_path):
    options = dict(train_dataloader__sampler__type='DefaultSampler')
    train(tiny('mmpretrain', False), tmp_path / 'whole', **options)
    with pytest.raises(Killed):
        train(tiny('mmpretrain', False), tmp_path / 'killed', kill_at=8, **options)
    train(tiny('mmpretrain', False), tmp_path / 'killed', resume='auto', **options)
    assert same_weights(tmp_path / 'whole', tmp_path / 'killed')


def test_gradients_waiting_for_a_step_survive(tiny, tmp_path):
    options = dict(optim_wrapper__accumulative_counts=4)  # checkpoints come every 3 iterations
    train(tiny('mmpretrain', False), tmp_path / 'whole', **options)
    with pytest.raises(Killed):
        train(tiny('mmpretrain', False), tmp_path / 'killed', kill_at=7, **options)
    assert 'gradients' in torch.load(tmp_path / 'killed/latest.pth', weights_only=True)
    train(tiny('mmpretrain', False), tmp_path / 'killed', resume='auto', **options)
    assert same_weights(tmp_path / 'whole', tmp_path / 'killed')


def test_moving_average_is_continued(tiny, tmp_path):
    options = dict(custom_hooks=[dict(type='EMAHook', momentum=0.1)])
    train(tiny('mmpretrain'), tmp_path / 'whole', **options)
    with pytest.raises(Killed):
        train(tiny('mmpretrain'), tmp_path / 'killed', kill_at=7, **options)
    train(tiny('mmpretrain'), tmp_path / 'killed', resume='auto', **options)
    assert same_weights(tmp_path / 'whole', tmp_path / 'killed')


class _Count(Hook):
    evaluated: list = []

    def after_val_epoch(self, runner, metrics=None):
        self.evaluated.append(runner.epoch)


def test_evaluation_that_a_killed_run_owed_is_made_up_for(tiny, undisturbed, tmp_path):
    from mmengine.registry import HOOKS
    HOOKS.register_module(name='CountEvaluations', module=_Count, force=True)
    with pytest.raises(Killed):
        train(tiny('mmpretrain'), tmp_path, kill_at=6, kill_in_evaluation=True)
    _Count.evaluated.clear()
    train(tiny('mmpretrain'), tmp_path, resume='auto', custom_hooks=[dict(type='CountEvaluations')])
    assert _Count.evaluated == [2, 3]
    assert same_weights(tmp_path, undisturbed('mmpretrain', True))


def test_run_without_a_seed_keeps_the_one_it_chose(tiny, tmp_path):
    with pytest.raises(Killed):
        train(tiny('mmpretrain'), tmp_path, kill_at=4, randomness__seed=None)
    seed = torch.load(tmp_path / 'latest.pth', weights_only=True)['meta']['seed']
    runner = train(tiny('mmpretrain'), tmp_path, resume='auto', randomness__seed=None)
    assert runner.seed == seed
    assert runner.train_dataloader.batch_sampler.sampler.seed == seed
