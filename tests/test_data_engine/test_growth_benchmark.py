import tracemalloc

import pytest

from mmrice.data_engine.build import Build
from mmrice.data_engine.executors import LocalExecutor
from mmrice.testing.data_benchmarks import growth
from mmrice.utils import UserError


def test_growth_is_the_slope_of_time_in_logarithms_and_of_memory_per_thousand_images():
    rows = [{'stage': stage, 'images': images, 'seconds': 3 * images**power, 'peak_mib': 50 + slope * images / 1000,
             'build_peak_mib': 20 + images / 500 + (stage == 'cluster') * images}
            for images in (100, 1000, 10_000) for stage, power, slope in (('ingest', 1, 0), ('cluster', 0.5, 7))]
    assert growth.growth(rows) == pytest.approx({
        'ingest_time_exponent': 1, 'ingest_mib_per_1000_images': 0, 'cluster_time_exponent': 0.5,
        'cluster_mib_per_1000_images': 7, 'build_mib_per_1000_images': 2})
    assert growth.growth(rows[:2]) == {}


def test_all_stages_are_measured_at_all_sizes(monkeypatch):
    monkeypatch.setattr(growth, 'WARM_UP', 6)
    lines = []
    rows, ratios = growth.measure([8, 16], report=lines.append)
    stages = ['ingest', 'propose', 'embed', 'cluster', 'label']
    assert [(row['stage'], row['images']) for row in rows] == [(stage, size) for size in (8, 16) for stage in stages]
    assert all(row['images_per_s'] == row['images'] / row['seconds'] for row in rows) and len(lines) == 10
    assert all(50 < row['peak_mib'] < 5000 for row in rows)  # a process with NumPy, in MiB
    assert set(ratios) == {'build_mib_per_1000_images', *(f'{stage}_{what}' for stage in stages for what in (
        'time_exponent', 'mib_per_1000_images'))}


@pytest.mark.parametrize('sizes', [[], [8, 100], [100, 100], [200, 100]])
def test_sizes_must_rise(sizes):
    with pytest.raises(UserError, match='expected rising numbers of images, 24 or more'):
        growth.measure(sizes)


def test_memory_of_every_stage_is_that_of_one_shard(tmp_path, monkeypatch):
    monkeypatch.setattr(growth, 'IMAGES_PER_SHARD', 30)
    peaks = {}
    for name, shards in (('warm', 1), ('one', 1), ('six', 6)):
        growth.draw_images(tmp_path / name, 30 * shards, 0)
        engine = growth.engine_config(tmp_path / name, ocr=False)
        engine['propose'] = {'type': 'mmrice.WholeImageProposer'}
        engine['cluster'].update(num_clusters=4, max_points_per_centroid=6)
        build = Build(engine, tmp_path / f'{name}-out', LocalExecutor(0))
        for stage in build.stages:
            tracemalloc.start()
            build.run([stage])
            peaks[name, stage] = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
    images = sum(path.stat().st_size for path in (tmp_path / 'one').iterdir())
    for stage in ('ingest', 'propose', 'embed', 'cluster', 'label'):
        assert peaks['six', stage] - peaks['one', stage] < images / 2, stage
