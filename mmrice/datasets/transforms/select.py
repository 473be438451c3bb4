"""Keep some of a sample's regions, or none of the sample."""
import numpy as np

# The last three only where they are asked for.
REGION_FIELDS = ('gt_bboxes', 'gt_kinds', 'gt_region_labels', 'gt_texts', 'gt_rles', 'patch_masks')


def select_regions(results: dict, index: np.ndarray) -> None:
    """Keep the regions of ``index`` (bool mask or row numbers), in place."""
    if index.dtype == bool:
        index = index.nonzero()[0]
    for field in REGION_FIELDS:
        if field in results:
            results[field] = results[field].take(index, axis=0)


def skip_sample(results: dict, reason: str) -> None:
    """Give up a sample: what a transform returns then, after it has noted the reason for the dataset to report.

    Args:
        results: Gets ``skip_reason``.
        reason: What is wrong with the image, as the end of a sentence.
    """
    results['skip_reason'] = reason
