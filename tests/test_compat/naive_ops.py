"""Reference versions of mmcv's ops: plain loops over numbers in float64, written from the papers' and mmcv's rules."""
import itertools
import math

import numpy as np
import pytest

from mmrice.compat import stand_in

needs_stand_in = pytest.mark.skipif(stand_in.compiled_spec() is not None, reason='mmcv has its compiled ops')


def iou(a, b, offset=0):
    w = max(0.0, min(a[2], b[2]) - max(a[0], b[0]) + offset)
    h = max(0.0, min(a[3], b[3]) - max(a[1], b[1]) + offset)
    area = sum((box[2] - box[0] + offset) * (box[3] - box[1] + offset) for box in (a, b))
    return w * h / (area - w * h)


def nms(boxes, scores, threshold, offset=0):
    keep = []
    for i in sorted(range(len(boxes)), key=lambda i: -scores[i]):
        if all(iou(boxes[i], boxes[j], offset) <= threshold for j in keep):
            keep.append(i)
    return keep


def soft_nms(boxes, scores, threshold, sigma, min_score, method, offset=0):
    left, scores, kept = list(range(len(boxes))), list(scores), []
    while left:
        best = max(left, key=lambda i: scores[i])
        kept.append((best, scores[best]))
        left.remove(best)
        for i in list(left):
            overlap = iou(boxes[best], boxes[i], offset)
            if method == 'gaussian':
                scores[i] *= math.exp(-overlap**2 / sigma)
            elif overlap >= threshold:
                scores[i] *= 1 - overlap if method == 'linear' else 0
            if scores[i] < min_score:
                left.remove(i)
    return kept


def bilinear_clamped(image, y, x):
    """RoIAlign's rule: the border's value up to a pixel outside, zero beyond."""
    height, width = image.shape
    if y < -1 or y > height or x < -1 or x > width:
        return 0.0
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    top, left = int(y), int(x)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    fy, fx = y - top, x - left
    return ((1 - fy) * ((1 - fx) * image[top, left] + fx * image[top, right]) + fy *
            ((1 - fx) * image[bottom, left] + fx * image[bottom, right]))


def bilinear_zeros(image, y, x):
    """Deformable convolution's rule: the map is surrounded by zeros."""
    total = 0.0
    for row in (math.floor(y), math.floor(y) + 1):
        for column in (math.floor(x), math.floor(x) + 1):
            if 0 <= row < image.shape[0] and 0 <= column < image.shape[1]:
                total += (1 - abs(y - row)) * (1 - abs(x - column)) * image[row, column]
    return total


def roi_align(maps, rois, size, scale, ratio, mode, aligned, offset=None, gamma=0.1):
    """RoIAlign, and with ``offset`` deformable RoI pooling."""
    rows, columns = size
    output = np.zeros((len(rois), maps.shape[1], rows, columns))
    for n, c, ph, pw in np.ndindex(*output.shape):
        shift = 0.5 if aligned else 0.0
        x1, y1, x2, y2 = (value * scale - shift for value in rois[n, 1:])
        width, height = (x2 - x1, y2 - y1) if aligned else (max(x2 - x1, 1), max(y2 - y1, 1))
        in_h = ratio if ratio > 0 else math.ceil(height / rows)
        in_w = ratio if ratio > 0 else math.ceil(width / columns)
        if offset is not None:
            x1, y1 = x1 + gamma * width * offset[n, 0, ph, pw], y1 + gamma * height * offset[n, 1, ph, pw]
        values = [
            bilinear_clamped(maps[int(rois[n, 0]), c], y1 + (ph + (iy + 0.5) / in_h) * height / rows,
                             x1 + (pw + (ix + 0.5) / in_w) * width / columns)
            for iy, ix in itertools.product(range(in_h), range(in_w))
        ]
        output[n, c, ph, pw] = (max(values) if mode == 'max' else sum(values) / len(values)) if values else 0
    return output


def roi_pool(maps, rois, size, scale):
    output = np.zeros((len(rois), maps.shape[1], *size))
    limit_y, limit_x = maps.shape[2:]
    for n, c, ph, pw in np.ndindex(*output.shape):
        x1, y1, x2, y2 = rois[n, 1] * scale, rois[n, 2] * scale, (rois[n, 3] + 1) * scale, (rois[n, 4] + 1) * scale
        bin_h, bin_w = (y2 - y1) / size[0], (x2 - x1) / size[1]
        if bin_h <= 0 or bin_w <= 0:
            continue
        top, bottom = (min(max(v, 0), limit_y) for v in (math.floor(y1 + ph * bin_h), math.ceil(y1 + (ph + 1) * bin_h)))
        left, right = (min(max(v, 0), limit_x) for v in (math.floor(x1 + pw * bin_w), math.ceil(x1 + (pw + 1) * bin_w)))
        if bottom > top and right > left:
            output[n, c, ph, pw] = maps[int(rois[n, 0]), c, top:bottom, left:right].max()
    return output


def deform_conv(maps, offset, mask, weight, bias, stride, padding, dilation, groups, deform_groups):
    batch, channels = maps.shape[:2]
    out_channels, group_channels, kernel_h, kernel_w = weight.shape
    output = np.zeros((batch, out_channels, *offset.shape[2:]))
    for b, o, h, w in np.ndindex(*output.shape):
        total = bias[o] if bias is not None else 0.0
        for k, i, j in np.ndindex(group_channels, kernel_h, kernel_w):
            channel = o // (out_channels // groups) * group_channels + k
            tap = channel // (channels // deform_groups) * kernel_h * kernel_w + i * kernel_w + j
            y = h * stride[0] - padding[0] + i * dilation[0] + offset[b, 2 * tap, h, w]
            x = w * stride[1] - padding[1] + j * dilation[1] + offset[b, 2 * tap + 1, h, w]
            factor = mask[b, tap, h, w] if mask is not None else 1.0
            total += weight[o, k, i, j] * factor * bilinear_zeros(maps[b, channel], y, x)
        output[b, o, h, w] = total
    return output


def ms_deform_attn(value, shapes, locations, weights):
    batch, queries, heads, levels, points, _ = locations.shape
    dims = value.shape[3]
    output = np.zeros((batch, queries, heads, dims))
    starts = np.cumsum([0] + [h * w for h, w in shapes])
    for b, q, m, level, p, d in np.ndindex(batch, queries, heads, levels, points, dims):
        height, width = shapes[level]
        image = value[b, starts[level]:starts[level + 1], m, d].reshape(height, width)
        x, y = locations[b, q, m, level, p]
        output[b, q, m, d] += weights[b, q, m, level, p] * bilinear_zeros(image, y * height - 0.5, x * width - 0.5)
    return output.reshape(batch, queries, heads * dims)


def psa_mask(windows, window, collect):
    batch, _, height, width = windows.shape
    half_h, half_w = (window[0] - 1) // 2, (window[1] - 1) // 2
    output = np.zeros((batch, height * width, height, width))
    for b, h, w, i, j in np.ndindex(batch, height, width, *window):
        y, x = h + i - half_h, w + j - half_w
        if 0 <= y < height and 0 <= x < width:
            given = windows[b, i * window[1] + j, h, w]
            if collect:
                output[b, y * width + x, h, w] = given
            else:
                output[b, h * width + w, y, x] = given
    return output


def carafe(features, masks, kernel, groups, scale):
    batch, channels, height, width = features.shape
    output = np.zeros((batch, channels, height * scale, width * scale))
    for b, c, y, x in np.ndindex(*output.shape):
        group = c // (channels // groups)
        for i, j in np.ndindex(kernel, kernel):
            row, column = y // scale + i - kernel // 2, x // scale + j - kernel // 2
            if 0 <= row < height and 0 <= column < width:
                output[b, c, y, x] += features[b, c, row, column] * masks[b, (group * kernel + i) * kernel + j, y, x]
    return output
