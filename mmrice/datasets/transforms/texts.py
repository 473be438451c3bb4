"""Words of regions and images: which are trained on, and their tokens."""
import random
from typing import Optional

import numpy as np
from mmcv.transforms import BaseTransform

from mmrice.registry import TRANSFORMS
from mmrice.structures import KINDS
from mmrice.utils import UserError
from mmrice.utils.tokenizers import TextTokenizer

from .select import select_regions, skip_sample

_TEXT, _CAPTION = KINDS.index('text'), KINDS.index('caption')


@TRANSFORMS.register_module()
class SampleRegionTexts(BaseTransform):
    """Draw regions with words and one caption (CLOC, sec. 3.3: M = 4 regions an image, at random).

    An image with fewer such regions keeps what it has; regions of other kinds stay. ``caption`` becomes the drawn
    caption, '' where there is none, and captions are no regions any more. An image without either is skipped.

    Args:
        num_regions (int): At most so many regions with words, M. Defaults to 4.
    """

    def __init__(self, num_regions: int = 4) -> None:
        if num_regions < 0:
            raise UserError(f'SampleRegionTexts: num_regions={num_regions}, expected 0 or more.')
        self.num_regions = num_regions

    def transform(self, results: dict) -> Optional[dict]:
        if 'gt_texts' not in results:
            raise UserError("SampleRegionTexts: the sample has no gt_texts. Set kinds=['text', 'caption'] in the "
                            'dataset.')
        kinds = results['gt_kinds'].tolist()
        texts, captions = ([place for place, own in enumerate(kinds) if own == kind] for kind in (_TEXT, _CAPTION))
        if not texts and not captions:
            return skip_sample(results, 'has neither a caption nor a region with words')
        results['caption'] = results['gt_texts'][random.choice(captions)] if captions else ''
        chosen = set(random.sample(texts, min(self.num_regions, len(texts))))
        kept = [place for place, kind in enumerate(kinds) if kind not in (_TEXT, _CAPTION) or place in chosen]
        select_regions(results, np.array(kept, dtype=np.int64))
        return results


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
