"""RegionTextHead: temperatures and losses of image-text and region-text contrast, over the batch of all ranks."""
import math
from functools import partial
from typing import Dict, NamedTuple, Optional, Tuple

import torch
import torch.nn.functional as F
from mmengine.dist import get_dist_info
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmrice.parallel.collectives import all_gather_numbers, gather_rows, rows_of
from mmrice.registry import MODELS
from mmrice.utils.errors import UserError

from ..losses.contrastive import Pairs, sigmoid_chunk, softmax_chunk, sum_chunks

_START = dict(softmax=(1 / 0.07, 0.), sigmoid=(10., -10.))  # scale and bias: CLIP's, SigLIP's


class Paired(NamedTuple):
    """Embeddings of one kind and of the texts that belong to them.

    Attributes:
        seen: Of images or regions, shape (R, D), not normalised.
        texts: shape (R, D), not normalised.
    """
    seen: Tensor
    texts: Tensor


@MODELS.register_module()
class RegionTextHead(BaseModule):
    """Losses of CLOC (sec. 3.2 and 3.3): images and their captions, regions and their texts, texts and their boxes.

    And, for UMG-CLIP, masks and their texts, in the form of those of regions.

    ``L = L_CLIP + lambda (L_CLOC + L_grounding)`` (eq. 4), lambda scaled by the share of images with a region that has
    words. Embeddings are gathered, with gradients, over all ranks; the loss of a rank is such that the mean over ranks
    is that of one process with the whole batch. No rank holds logits of more than ``chunk_size`` rows.

    Args:
        loss (str): 'softmax' (CLIP's, both ways) or 'sigmoid' (SigLIP's). Defaults to 'softmax', the paper's.
        share_temperature (bool): One learned temperature for both contrasts: the paper writes the same tau. Defaults to
            True.
        max_scale (float): Bound of one over the temperature. Defaults to 100, CLIP's.
        text_filter (float, optional): Pairs of regions whose texts have a larger cosine are no negatives (sec. 3.2).
            Defaults to 0.9, the paper's; None keeps all.
        image_weight (float): Of L_CLIP. Defaults to 1, the paper's.
        region_weight (float): Lambda before it is scaled. Defaults to 1, the paper's; 0 is CLIP.
        pixel_weight (float): Of the contrast of masks, likewise scaled by the share of images that have such. Defaults
            to 0.
        grounding_weight (float): Of L_grounding within the bracket. Defaults to 1, the paper's.
        squared (bool): Squared distances in L_grounding, i.e. the mean squared error, or the Euclidean length of the
            four errors, over 4. The paper writes "1/4MN" and a 2-norm and leaves it open. Defaults to True.
        chunk_size (int): Rows of logits at a time. Defaults to 1024.
        init_cfg (dict, optional): Weights to load. Defaults to None.

    Raises:
        UserError: Another ``loss``, or a ``chunk_size`` below 1.
    """

    def __init__(self,
                 loss: str = 'softmax',
                 share_temperature: bool = True,
                 max_scale: float = 100.,
                 text_filter: Optional[float] = 0.9,
                 image_weight: float = 1.,
                 region_weight: float = 1.,
                 pixel_weight: float = 0.,
                 grounding_weight: float = 1.,
                 squared: bool = True,
                 chunk_size: int = 1024,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        if loss not in _START:
            raise UserError(f"RegionTextHead: loss={loss!r}, expected 'softmax' or 'sigmoid'.")
        if chunk_size < 1:
            raise UserError(f'RegionTextHead: chunk_size={chunk_size}, expected 1 or more.')
        scale, bias = _START[loss]
        count = 1 if share_temperature or region_weight == pixel_weight == 0 else 2
        self.kind, self.max_scale, self.text_filter, self.chunk_size = loss, max_scale, text_filter, chunk_size
        self.image_weight, self.region_weight, self.pixel_weight = image_weight, region_weight, pixel_weight
        self.grounding_weight, self.squared = grounding_weight, squared
        self.log_scale = nn.Parameter(torch.full((count, ), math.log(scale)))
        self.bias = nn.Parameter(torch.full((count, ), bias)) if loss == 'sigmoid' else None

    def loss(self, images: Optional[Paired], regions: Optional[Paired], found: Optional[Tensor],
             boxes: Optional[Tensor], counts: Tuple[int, int], pixels: Optional[Paired] = None,
             num_masked: int = 0) -> Dict[str, Tensor]:
        """Losses of a batch.

        Args:
            images: Of the images that have a caption; None without ``image_weight``.
            regions: Of the regions with words; None without ``region_weight``.
            found: Boxes found for the regions' texts, (R, 4), fractions of the input; None without grounding.
            boxes: Where they are, likewise.
            counts: Images of this rank that have a region with words, and all of them.
            pixels: Of the masks with words. Defaults to None: without ``pixel_weight``.
            num_masked: Images of this rank that have a mask with words. Defaults to 0.

        Returns:
            dict: ``loss_image_text``, ``loss_region_text``, ``loss_grounding``, ``loss_pixel_text``, ``scale``, and of
            each contrast ``accuracy_..._text``, whose mean over ranks is the per cent of all images, regions, masks
            whose own text is the most similar of all. One rank's own, which the log of the first shows, may be more
            than 100 where it has more rows than others.
        """
        own = [0 if pairs is None else len(pairs.seen) for pairs in (images, regions, pixels)]
        captioned, worded, masked, with_words, every, with_masks = zip(
            *all_gather_numbers([*own, *counts, num_masked], self.log_scale.device))
        result = {'scale': self._scale(0).detach()}
        if images is not None:
            result.update(self._contrast('image', images, captioned, 0, None, self.image_weight))
        if regions is not None:
            weight = self.region_weight * sum(with_words) / sum(every)
            result.update(self._contrast('region', regions, worded, -1, self.text_filter, weight))
            if found is not None:
                result['loss_grounding'] = weight * self.grounding_weight * self._distance(found, boxes, sum(worded))
        if pixels is not None:
            weight = self.pixel_weight * sum(with_masks) / sum(every)
            result.update(self._contrast('pixel', pixels, masked, -1, self.text_filter, weight))
        return result

    def _scale(self, place: int) -> Tensor:
        return self.log_scale[place].clamp(max=math.log(self.max_scale)).exp()

    def _contrast(self, name: str, paired: Paired, counts: Tuple[int, ...], place: int, threshold: Optional[float],
                  weight: float) -> Dict[str, Tensor]:
        with torch.autocast(paired.seen.device.type, enabled=False):
            seen, texts = (F.normalize(x.float() if x.dtype != torch.float64 else x, dim=-1) for x in paired)
            rows = rows_of(counts)
            if not rows.total:
                nothing = 0. * (seen.sum() + texts.sum() + self.log_scale.sum())
                return {f'loss_{name}_text': nothing}
            every_seen, every_text = gather_rows(seen, rows), gather_rows(texts, rows)
            filtered = () if threshold is None else (texts.detach(), every_text.detach(), threshold)
            forth = self._sum(Pairs(seen, every_text, rows.own.start, *filtered), place)
            if self.kind == 'softmax':
                back = self._sum(Pairs(texts, every_seen, rows.own.start, *filtered), place)
                total = (forth[0] + back[0]) / 2
            else:  # which has the pairs of both ways already
                total = forth[0]
        world = get_dist_info()[1]
        return {f'loss_{name}_text': weight * world * total / rows.total,
                f'accuracy_{name}_text': 100. * world * forth[1] / rows.total}

    def _sum(self, pairs: Pairs, place: int) -> Tuple[Tensor, Tensor]:
        scale = self._scale(place)
        if not len(pairs.own):
            return 0. * (pairs.own.sum() + pairs.other.sum() + scale), pairs.own.new_zeros(())
        if self.kind == 'softmax':
            chunk = partial(softmax_chunk, pairs, scale)
        else:
            chunk = partial(sigmoid_chunk, pairs, scale, self.bias[place])
        return sum_chunks(chunk, len(pairs.own), self.chunk_size)

    def _distance(self, found: Tensor, boxes: Tensor, total: int) -> Tensor:
        """Eq. 3 over all ranks."""
        error = found.float() - boxes
        summed = error.square().sum() if self.squared else error.norm(dim=-1).sum()
        return get_dist_info()[1] * summed / max(1, 4 * total)
