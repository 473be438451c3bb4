"""Classic image descriptors on a batch of crops, without weights. Pure functions, crops (N, S, S, 3) RGB uint8."""
import cv2
import numpy as np

HOG_BINS, COLOUR_BINS, LBP_BINS = 9, (8, 4, 4), 10


def grey(crops_NHW3: np.ndarray) -> np.ndarray:
    """Luma in [0, 1], float32, shape (N, H, W)."""
    return crops_NHW3.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32) / 255


def hog(grey_NHW: np.ndarray, cell: int = 16, block: int = 2, eps: float = 1e-5) -> np.ndarray:
    """Histograms of oriented gradients (Dalal and Triggs 2005), 9 unsigned bins, blocks normalised with L2-Hys.

    Equals ``skimage.feature.hog`` on each image, which takes some 10 times as long.

    Args:
        grey_NHW: float32; H and W divisible by ``cell``.
        cell: Side of a cell, px.
        block: Side of a block, cells.
        eps: Keeps flat blocks finite.

    Returns:
        np.ndarray: shape (N, blocks * block^2 * 9), float32.
    """
    count, height, width = grey_NHW.shape
    dy, dx = np.zeros_like(grey_NHW), np.zeros_like(grey_NHW)
    dy[:, 1:-1] = grey_NHW[:, 2:] - grey_NHW[:, :-2]
    dx[:, :, 1:-1] = grey_NHW[:, :, 2:] - grey_NHW[:, :, :-2]
    angle = np.rad2deg(np.arctan2(dy, dx)) % 180
    which = np.minimum((angle * (HOG_BINS / 180)).astype(np.int64), HOG_BINS - 1)
    rows, columns = height // cell, width // cell
    cells = (np.arange(height)[:, None] // cell) * columns + np.arange(width) // cell
    index = (np.arange(count)[:, None, None] * (rows * columns) + cells) * HOG_BINS + which
    hist = np.bincount(index.ravel(), np.hypot(dx, dy).ravel(), count * rows * columns * HOG_BINS)
    hist = hist.reshape(count, rows, columns, HOG_BINS) / cell**2
    blocks = np.lib.stride_tricks.sliding_window_view(hist, (block, block), (1, 2)).transpose(0, 1, 2, 4, 5, 3)
    flat = blocks.reshape(count, rows - block + 1, columns - block + 1, -1)
    flat = np.minimum(flat / np.sqrt((flat**2).sum(-1, keepdims=True) + eps**2), 0.2)
    flat = flat / np.sqrt((flat**2).sum(-1, keepdims=True) + eps**2)
    return flat.reshape(count, -1).astype(np.float32)


def colour_histogram(crops_NHW3: np.ndarray, grid: int = 2) -> np.ndarray:
    """HSV histograms (8 x 4 x 4 bins) of a grid of tiles, square-rooted (Hellinger).

    Returns:
        np.ndarray: shape (N, grid^2 * 128), float32; the squares of each tile sum to one.
    """
    count, size = crops_NHW3.shape[:2]
    hsv = np.stack([cv2.cvtColor(crop, cv2.COLOR_RGB2HSV) for crop in crops_NHW3]).astype(np.int64)
    h, s, v = COLOUR_BINS
    colour = ((hsv[..., 0] * h // 180) * s + hsv[..., 1] * s // 256) * v + hsv[..., 2] * v // 256
    tile = np.arange(size) * grid // size
    place = np.arange(count)[:, None, None] * grid**2 + tile[:, None] * grid + tile
    hist = np.bincount((place * (h * s * v) + colour).ravel(), minlength=count * grid**2 * h * s * v)
    hist = hist.reshape(count, grid**2, -1).astype(np.float32)
    return np.sqrt(hist / hist.sum(-1, keepdims=True)).reshape(count, -1)


def lbp_histogram(grey_NHW: np.ndarray, grid: int = 2) -> np.ndarray:
    """Uniform, rotation-invariant local binary patterns of the 8 neighbours (Ojala et al. 2002), 10 bins a tile.

    Returns:
        np.ndarray: shape (N, grid^2 * 10), float32, square-rooted; the squares of each tile sum to one.
    """
    count, height, width = grey_NHW.shape
    ring = [(0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1)]
    inner = grey_NHW[:, 1:-1, 1:-1]
    bits = np.stack([grey_NHW[:, 1 + y:height - 1 + y, 1 + x:width - 1 + x] >= inner for y, x in ring])
    changes = (bits != np.roll(bits, 1, 0)).sum(0)
    code = np.where(changes <= 2, bits.sum(0), LBP_BINS - 1)
    rows, columns = (np.arange(n) * grid // n for n in code.shape[1:])
    place = np.arange(count)[:, None, None] * grid**2 + rows[:, None] * grid + columns
    hist = np.bincount((place * LBP_BINS + code).ravel(), minlength=count * grid**2 * LBP_BINS)
    hist = hist.reshape(count, grid**2, LBP_BINS).astype(np.float32)
    return np.sqrt(hist / hist.sum(-1, keepdims=True)).reshape(count, -1)
