"""What benchmark_transfer.py measures is what it says."""
import pytest
import torch

from mmrice.testing.transfer_benchmarks import cache, evaluation, frozen, probe

ARCH = dict(embed_dims=32, num_layers=2, num_heads=2, feedforward_channels=64)


def test_evaluation_compares_equal_numbers_of_boxes_and_masks():
    rows, ratios = evaluation.measure(images=6, repeats=1)
    assert [row['kind'] for row in rows] == ['bbox', 'segm']
    for row in rows:
        assert ratios[f'coco_eval_{row["kind"]}'] == pytest.approx(row['pycocotools_s'] / row['faster_s'])
    numbers = evaluation.compute(evaluation.draw(6, 0), 'segm', 'faster')
    assert len(numbers) == 12 and all(0 < value < 1 for value in numbers.values())


def test_backends_that_differ_are_an_error(monkeypatch):
    monkeypatch.setattr(evaluation, 'compute', lambda drawn, kind, backend: {'mAP': len(backend)})
    with pytest.raises(RuntimeError, match='bbox: the backends differ'):
        evaluation.measure(images=1, repeats=1)


def test_a_frozen_encoder_keeps_nothing_and_a_trained_one_what_the_formula_says():
    from mmrice.utils.memory import vit_bytes
    images, samples = probe.draw_batch(2, 64, 'cpu')
    kept = {}
    for name, is_frozen in frozen.KINDS.items():
        model = probe.Probe(ARCH, is_frozen).model
        kept[name] = probe.kept_bytes(model.backbone, lambda model=model: model.backbone(images))
    assert kept['frozen'] == 0
    formula = images.nbytes + 2 * vit_bytes(tuple(ARCH.values()), 17, stream=4, half=4)[0]  # and what is embedded
    assert formula <= kept['trained'] < 1.02 * formula


def test_frozen_and_trained_begin_with_the_same_weights_and_train_what_they_say():
    images, samples = probe.draw_batch(2, 64, 'cpu')
    probes = {name: probe.Probe(ARCH, is_frozen) for name, is_frozen in frozen.KINDS.items()}
    encoders = [probes['frozen'].model.backbone.backbone, probes['trained'].model.backbone]
    before = [encoder.layers[0].state_dict() for encoder in encoders]
    assert all(torch.equal(one, other) for one, other in zip(*(state.values() for state in before)))
    frozen_before = {name: value.clone() for name, value in before[0].items()}
    for one in probes.values():
        one.step(images, samples)
    after = [encoder.layers[0].state_dict() for encoder in encoders]
    assert all(torch.equal(value, after[0][name]) for name, value in frozen_before.items())
    assert not all(torch.equal(value, after[1][name]) for name, value in frozen_before.items())


def test_ratios_of_frozen_come_from_its_rows():
    rows, ratios = frozen.measure(ARCH, side=64, batch=2, repeats=1)
    still, trained = rows
    assert (still['encoder_keeps_mib'], trained['encoder_keeps_mib'] > 0) == (0, True)
    assert still['parameters_trained'] < trained['parameters_trained']
    assert ratios['frozen_step_speedup'] == pytest.approx(trained['step_s'] / still['step_s'])
    assert ratios['trained_over_frozen_memory'] == pytest.approx(trained['peak_mib'] / still['peak_mib'])


def test_the_cache_computes_each_image_once_a_round_and_its_size_is_that_of_the_features(monkeypatch):
    calls = []
    from mmrice.models.backbones.frozen import FrozenBackbone
    features = FrozenBackbone._features
    monkeypatch.setattr(FrozenBackbone, '_features', lambda self, x: (calls.append(self.cache is None), features(
        self, x))[1])
    rows, ratios = cache.measure(ARCH, side=64, batch=2, repeats=2)
    assert calls.count(False) == calls.count(True) == 3 * cache.BATCHES  # a warm-up and two rounds
    assert {row['cache'] for row in rows} == {'none', 'first pass', 'later pass'}
    values = 32 * 4 * 4 * 2  # channels, a map of 4 x 4, float16
    assert values <= rows[1]['kib_an_image'] * 1024 < values + 200
    assert set(ratios) == {'cache_first_pass_speedup', 'cache_later_pass_speedup'}
