"""The features of a data set: each image once, from all ranks, on every rank."""
from typing import Any, Callable, Iterable, NamedTuple

import torch
from torch import Tensor

from mmrice.parallel.collectives import all_gather_numbers, gather_rows, rows_of
from mmrice.utils import UserError


class Bank(NamedTuple):
    """Features by the index of their image in the data set.

    Args:
        features: Unit vectors, shape (N, C).
        labels: Class of each image, shape (N,), int64; -1 where it has none or several.
    """
    features: Tensor
    labels: Tensor


@torch.no_grad()
def build_bank(encode: Callable[[Any], Tensor], batches: Iterable[Any], num_images: int, dtype: torch.dtype) -> Bank:
    """Compute the features of all images of a data set.

    With several ranks each computes its share. What a sampler shows twice, to even out the ranks, is kept once.

    Args:
        encode: A batch -> unit vectors, shape (B, C).
        batches: This rank's, of a loader; data samples have ``sample_idx`` and, if classes matter, ``gt_label``.
        num_images: Of the data set.
        dtype: In which features are kept and sent between ranks.

    Raises:
        UserError: The loader left images out.
    """
    parts, labels, numbers = [], [], []
    for batch in batches:
        parts.append(encode(batch).to(dtype))
        for sample in batch['data_samples']:
            label = sample.get('gt_label')
            labels.append(-1 if label is None or label.numel() != 1 else int(label))
            numbers.append(sample.sample_idx)
    with torch.autocast(parts[0].device.type, enabled=False):  # which has rules for the dtypes that meet in cat
        features = torch.cat(parts)
        rows = rows_of([count for count, in all_gather_numbers([len(features)], features.device)])
        features = gather_rows(features, rows)
    table = gather_rows(torch.tensor([numbers, labels], device=features.device).T.contiguous(), rows)
    numbers, order = table[:, 0].sort(stable=True)
    order = order[torch.cat([numbers.new_ones(1, dtype=torch.bool), numbers[1:] != numbers[:-1]])]
    if len(order) != num_images:
        raise UserError(f'model.prototype: its sampler shows {len(order)} of {num_images} images, expected all. Set '
                        "sampler=dict(type='DefaultSampler', shuffle=False), and no drop_last.")
    return Bank(features[order], table[order, 1])
