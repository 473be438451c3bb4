"""The reader benchmark runs and leaves the process as it was."""
import logging

import cv2
import pytest
import torch

from mmrice.testing.data_benchmarks import reader


def test_each_number_of_workers_has_a_row_and_a_ratio_of_its_rates(monkeypatch):
    for name, value in dict(SHARDS=2, SHARD_IMAGES=3, BATCH=2).items():
        monkeypatch.setattr(reader, name, value)
    before = torch.get_num_threads(), cv2.getNumThreads()
    rows, ratios = reader.measure(threads=1, repeats=1, seed=0)
    assert [row['workers'] for row in rows] == [0, 2] and all(row['images'] == 6 for row in rows)
    assert list(ratios) == ['reader_vs_decode', 'reader_vs_decode_2_workers']
    for row, ratio in zip(rows, ratios.values()):
        assert ratio == pytest.approx(row['reader'] / row['decode']) and row['full'] > 0
    assert (torch.get_num_threads(), cv2.getNumThreads()) == before and not logging.root.manager.disable


def test_photos_are_as_heavy_as_real_ones_and_differ(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, 'SHARDS', 1)
    monkeypatch.setattr(reader, 'SHARD_IMAGES', 3)
    decoder = reader._Decoder(reader.write_photos(tmp_path, seed=0))
    sizes = [len(content) for content in decoder.contents]
    assert len(set(sizes)) == 3 and all(50_000 < size < 150_000 for size in sizes)
    assert cv2.imdecode(decoder.contents[0], cv2.IMREAD_COLOR).shape == (480, 640, 3)
