"""Rows of embeddings, in blocks of bounded size."""
from typing import Dict, Iterator, Optional, Tuple

import numpy as np

from ..whitening import project

BLOCK = 16_384  # rows that are float32 at a time

Projection = Optional[Dict[str, np.ndarray]]


def unit_blocks(rows_ND: np.ndarray, projection: Projection = None) -> Iterator[Tuple[slice, np.ndarray]]:
    """Yield rows as float32 of length one, block by block; zero rows stay zero.

    Args:
        rows_ND: float16 or float32, in memory or memory-mapped.
        projection: Applied first. Projected rows are rounded to float16, as in the fit.
    """
    import faiss
    for start in range(0, len(rows_ND), BLOCK):
        part = slice(start, min(start + BLOCK, len(rows_ND)))
        block = rows_ND[part]
        if projection is not None:
            block = project(block, **projection).astype(np.float16)
        block = np.array(block, np.float32, order='C')
        faiss.normalize_L2(block)
        yield part, block


def unit_rows(rows_ND: np.ndarray) -> np.ndarray:
    """A few rows, as :func:`unit_blocks` gives them."""
    return np.concatenate([np.zeros((0, rows_ND.shape[1]), np.float32), *(block for _, block in unit_blocks(rows_ND))])


def projected(rows_ND: np.ndarray, projection: Projection) -> np.ndarray:
    """All rows, float16, shape (N, dim); the rows themselves where there is no projection."""
    if projection is None:
        return rows_ND
    result = np.empty((len(rows_ND), projection['matrix'].shape[1]), np.float16)
    for start in range(0, len(rows_ND), BLOCK):
        result[start:start + BLOCK] = project(rows_ND[start:start + BLOCK], **projection)
    return result
