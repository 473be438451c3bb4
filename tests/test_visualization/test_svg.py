"""Ticks and line charts."""
import re
from xml.etree import ElementTree

import pytest

from mmrice.visualization.svg import HEIGHT, WIDTH, line_chart, ticks


@pytest.mark.parametrize(('low', 'high'), [(0, 200), (0.003, 0.0071), (-5, 12), (3, 3), (0, 1e6), (9.99, 10.01)])
def test_ticks_are_few_even_and_cover_the_interval(low, high):
    values = ticks(low, high)
    assert 2 <= len(values) <= 6
    assert values[0] <= low and values[-1] >= high
    gaps = [b - a for a, b in zip(values, values[1:])]
    assert gaps == pytest.approx([gaps[0]] * len(gaps))


def test_a_chart_is_valid_xml_with_a_curve_for_each_series_and_an_escaped_legend():
    chart = line_chart({'RICE': ([1, 2, 3], [3., 2., 1.]), 'a < b': ([1, 2], [4., 5.])}, 'iteration', 'loss')
    root = ElementTree.fromstring(f'<div>{chart}</div>')
    assert len(root.findall('.//polyline')) == 2
    assert [key.text for key in root.findall('.//span')] == ['RICE', 'a < b']
    assert {'iteration', 'loss'} <= {text.text for text in root.findall('.//text')}


def test_points_lie_inside_the_picture_and_larger_values_higher():
    chart = line_chart({'a': ([10, 20, 30], [0.5, 2.5, 1.0])}, 'x', 'y')
    points = [tuple(map(float, pair.split(','))) for pair in re.search(r'points="([^"]+)"', chart).group(1).split()]
    assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in points)
    assert points[0][0] < points[1][0] < points[2][0]
    assert points[1][1] < points[2][1] < points[0][1]
