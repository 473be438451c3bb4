"""Feature maps as colours: their three strongest principal components."""
from typing import List, Sequence

import numpy as np


def pca_rgb(feature_maps: Sequence[np.ndarray], clip: float = 0.02) -> List[np.ndarray]:
    """Colour feature maps by the principal components of all their pixels together.

    The components are fitted to all maps at once, so that a colour means the same in each. Each component is stretched
    from its ``clip`` to its ``1 - clip`` quantile. Its sign is arbitrary; the weight of largest size is made positive.

    Args:
        feature_maps: N maps, each of shape (C, h, w), C >= 3; h and w may differ between maps.
        clip: Share of pixels that saturate at either end. Defaults to 0.02.

    Returns:
        list: N arrays, RGB, uint8, each of shape (h, w, 3).
    """
    pixels = [np.asarray(one, np.float64).reshape(len(one), -1).T for one in feature_maps]
    rows = np.concatenate(pixels)
    centred = rows - rows.mean(0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    vectors = vectors[:, ::-1][:, :3]
    vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(0), np.arange(3)])
    components = centred @ vectors
    low, high = np.quantile(components, (clip, 1 - clip), axis=0)
    colors = np.clip((components - low) / np.maximum(high - low, 1e-12), 0, 1)
    colors = (255 * colors).round().astype(np.uint8)
    ends = np.cumsum([len(one) for one in pixels])[:-1]
    return [own.reshape(*one.shape[1:], 3) for own, one in zip(np.split(colors, ends), feature_maps)]
