"""RegionTextRetrieval and ImageTextRetrieval: recall over a whole dataset, both ways."""
from typing import Any, Dict, List, Optional, Sequence, Tuple

import torch
from mmengine.evaluator import BaseMetric
from torch import Tensor

from mmrice.registry import METRICS
from mmrice.utils import UserError

from .recall import groups_of, ranks_of_best_match, recall

Side = Tuple[Tensor, Tensor]


def both_ways(visual: Side, textual: Side) -> Tuple[Tensor, Tensor]:
    """Ranks of pictures' texts and of texts' pictures; what has no partner is chosen from, but not asked for.

    Args:
        visual: Unit vectors of images or regions, shape (V, C), and the groups of what is right, shape (V,).
        textual: The same of texts, shapes (T, C) and (T,).

    Returns:
        tuple: See :func:`.recall.ranks_of_best_match`; shapes (V',) and (T',).
    """

    def ranks(queries: Side, gallery: Side) -> Tensor:
        has_partner = torch.isin(queries[1], gallery[1])
        return ranks_of_best_match(queries[0][has_partner], gallery[0], queries[1][has_partner], gallery[1])

    return ranks(visual, textual), ranks(textual, visual)


class TextRetrieval(BaseMetric):
    """What both metrics share; see them for the arguments."""
    letter = ''
    missing = ''

    def __init__(self, topk: Sequence[int] = (1, 5, 10), collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device, prefix)
        self.topk = tuple(topk)

    def compute_metrics(self, results: List[Any]) -> Dict[str, float]:
        """Compute the recalls from what was kept of each image.

        Raises:
            UserError: There is nothing to retrieve.
        """
        visual, textual = self.sides(results)
        if not len(textual[0]):
            raise UserError(f'{type(self).__name__}: {self.missing}')
        ranks = dict(zip((f'{self.letter}2t', f't2{self.letter}'), both_ways(visual, textual)))
        return {f'{way}/Recall@{k}': recall(own, k) for way, own in ranks.items() for k in self.topk}

    def sides(self, results: List[Any]) -> Tuple[Side, Side]:
        """Vectors and groups of what is seen and of what is said, from what was kept of each image."""
        raise NotImplementedError


@METRICS.register_module()
class RegionTextRetrieval(TextRetrieval):
    """Recall of phrases by regions and of regions by phrases, over all images.

    Needs ``pred_regions`` with ``embeddings`` and ``text_embeddings``, (K, D) each, and ``phrases``, as
    :class:`mmrice.RegionTextMatcher` gives them. A phrase that several regions have is right for each of them (capitals
    and spaces aside), and each of them for it; every copy stays among those to choose from. CLOC reports recall@10
    because of duplicates and does not say how it counts them.

    Reported in per cent: ``region_retrieval/r2t/Recall@k`` and ``region_retrieval/t2r/Recall@k``.

    Args:
        topk (Sequence[int]): The k. Defaults to (1, 5, 10).
        collect_device (str): See mmengine's ``BaseMetric``. Defaults to 'cpu'.
        prefix (str, optional): Instead of 'region_retrieval'. Defaults to None.
    """
    default_prefix, letter = 'region_retrieval', 'r'
    missing = 'no image has a region with a phrase.'

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep vectors and phrases of some images."""
        for sample in data_samples:
            regions = sample.get('pred_regions') or {}
            if 'text_embeddings' not in regions:
                raise UserError('RegionTextRetrieval: the model gives no pred_regions with text_embeddings. It '
                                'measures a mmrice.RegionTextMatcher with neck.')
            self.results.append((*(regions[key].float().cpu() for key in ('embeddings', 'text_embeddings')),
                                 list(regions['phrases'])))

    def sides(self, results: List[Any]) -> Tuple[Side, Side]:
        """See :meth:`TextRetrieval.sides`."""
        results = [result for result in results if result[2]]
        groups = groups_of([phrase for _, _, phrases in results for phrase in phrases])
        regions, texts = (torch.cat([result[place] for result in results]) if results else torch.empty(0, 0)
                          for place in range(2))
        return (regions, groups), (texts, groups)


@METRICS.register_module()
class ImageTextRetrieval(TextRetrieval):
    """Recall of captions by images and of images by captions, over the whole dataset; an image may have several.

    Needs ``image_embedding`` (D,) and ``caption_embeddings`` (n, D), as :class:`mmrice.RegionTextMatcher` gives them.
    Right are an image's own captions alone, as usual on COCO and Flickr30k.

    Reported in per cent: ``image_retrieval/i2t/Recall@k`` and ``image_retrieval/t2i/Recall@k``.

    Args:
        topk (Sequence[int]): The k. Defaults to (1, 5, 10).
        collect_device (str): See mmengine's ``BaseMetric``. Defaults to 'cpu'.
        prefix (str, optional): Instead of 'image_retrieval'. Defaults to None.
    """
    default_prefix, letter = 'image_retrieval', 'i'
    missing = 'no image has a caption.'

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the vectors of some images and captions."""
        for sample in data_samples:
            if 'caption_embeddings' not in sample:
                raise UserError('ImageTextRetrieval: the model gives no caption_embeddings. It measures a '
                                'mmrice.RegionTextMatcher with image_neck.')
            self.results.append([sample[key].float().cpu() for key in ('image_embedding', 'caption_embeddings')])

    def sides(self, results: List[Any]) -> Tuple[Side, Side]:
        """See :meth:`TextRetrieval.sides`."""
        numbers = torch.arange(len(results))
        captions = [own for _, own in results if len(own)]
        owners = numbers.repeat_interleave(torch.tensor([len(own) for _, own in results], dtype=torch.int64))
        return ((torch.stack([image for image, _ in results]), numbers),
                (torch.cat(captions) if captions else torch.empty(0, 0), owners))
