"""Words of regions and images: which are trained on, and their tokens."""
import random
from typing import List, Optional

import numpy as np
from mmcv.transforms import BaseTransform

from mmrice.registry import TRANSFORMS
from mmrice.structures import KINDS
from mmrice.utils import UserError
from mmrice.utils.tokenizers import TextTokenizer

from .select import select_regions, skip_sample

_TEXT, _CAPTION, _TAGS, _IMAGE_TAGS = map(KINDS.index, ('text', 'caption', 'tags', 'image_tags'))


@TRANSFORMS.register_module()
class SampleRegionTexts(BaseTransform):
    """Draw regions with words, regions with tags and one caption (CLOC, sec. 3.3: M = 4 regions an image, at random).

    An image with fewer such regions keeps what it has; regions with clusters or OCR tokens and the image's tags stay.
    ``caption`` becomes the drawn caption, '' where there is none, and captions are no regions any more. An image
    without any of them is skipped.

    Args:
        num_regions (int): At most so many regions with words, M, and as many with tags. Defaults to 4.
        num_labelled (int, optional): At most so many regions with clusters or OCR tokens. Defaults to None: all.
    """

    def __init__(self, num_regions: int = 4, num_labelled: Optional[int] = None) -> None:
        for name, value in dict(num_regions=num_regions, num_labelled=num_labelled).items():
            if value is not None and value < 0:
                raise UserError(f'SampleRegionTexts: {name}={value}, expected 0 or more.')
        self.num_regions, self.num_labelled = num_regions, num_labelled

    def transform(self, results: dict) -> Optional[dict]:
        if 'gt_texts' not in results:
            raise UserError("SampleRegionTexts: the sample has no gt_texts. Set kinds=['text', 'caption'] in the "
                            "dataset, or ['tags', 'image_tags'].")
        places = {kind: [] for kind in (_TEXT, _TAGS, _CAPTION, _IMAGE_TAGS, None)}
        for place, kind in enumerate(results['gt_kinds'].tolist()):
            places[kind if kind in places else None].append(place)
        labelled, captions = places.pop(None), places[_CAPTION]
        if not any(places.values()) and not labelled:
            return skip_sample(results, 'has neither a caption nor a region with words, nor tags')
        results['caption'] = results['gt_texts'][random.choice(captions)] if captions else ''
        kept = [*places[_IMAGE_TAGS], *_draw(labelled, self.num_labelled), *_draw(places[_TEXT], self.num_regions),
                *_draw(places[_TAGS], self.num_regions)]
        select_regions(results, np.array(sorted(kept), dtype=np.int64))
        return results


def _draw(places: List[int], most: Optional[int]) -> List[int]:
    return places if most is None else random.sample(places, min(most, len(places)))


@TRANSFORMS.register_module()
class TokenizeTexts(BaseTransform):
    """Tokens of the caption and of the regions with words, by CLIP's byte-pair tokenizer or one of Hugging Face's.

    Adds ``caption_tokens`` (int32, (T_c,)) and ``text_tokens`` (int32, (M, T)) of the regions of kind 'text', in order,
    both with start and end token; T is that of the longest, padding (0, or Hugging Face's) stands behind the end. An
    image without caption has T_c = 0.

    Args:
        num_tokens (int): Most tokens of a text; of a longer one the rest is left out, the end token stays. Defaults to
            77, CLIP's and CLOC's.
        vocab_path (str, optional): Another file of merges, see :func:`mmrice.utils.tokenizers.clip_vocab_file`.
            Defaults to None, CLIP's.
        hf_tokenizer (str, optional): Folder of a Hugging Face tokenizer, with the special tokens that it adds; for
            :class:`mmrice.HuggingFaceText`. Defaults to None.
    """

    def __init__(self, num_tokens: int = 77, vocab_path: Optional[str] = None,
                 hf_tokenizer: Optional[str] = None) -> None:
        self._tokenizer = TextTokenizer(num_tokens, vocab_path, hf_tokenizer)  # what is missing is said at the start

    def transform(self, results: dict) -> dict:
        texts = [text for text, kind in zip(results['gt_texts'], results['gt_kinds'].tolist()) if kind == _TEXT]
        results['text_tokens'] = self._tokenizer.batch(texts)
        caption = self._tokenizer(results['caption']) if results.get('caption') else []
        results['caption_tokens'] = np.array(caption, dtype=np.int32)
        return results
