"""Captions by image-to-text models in Hugging Face's format."""
import inspect
from typing import Any, Dict, List, Optional

import numpy as np
from PIL import Image

from mmrice.registry import ENGINE_STAGES
from mmrice.utils import UserError

from ..local_model import LocalModel
from .base import Captioner

_CHAT = 'Describe this image.'


@ENGINE_STAGES.register_module()
class HuggingFaceCaptioner(Captioner):
    """One caption an image by a model in a local folder: BLIP, BLIP-2, GIT, LLaVA, Qwen2-VL and others that
    transformers lists as image-text-to-text. Text is generated without chance: the likeliest token each time, or a
    beam.

    Args:
        path: Folder with model and processor, as ``save_pretrained`` writes them.
        prompt: For a model with a chat template the request (None: 'Describe this image.'); for another one the
            beginning of the caption, which is not part of the result.
        max_new_tokens: Longest caption, tokens.
        num_beams: Of the beam search; 1 takes the likeliest token each time.
        batch_size: See :class:`Captioner`.
        **kwargs: ``device``, ``dtype``, ``num_threads`` of :class:`~mmrice.data_engine.local_model.LocalModel`.

    Example:
        >>> caption = dict(type='mmrice.HuggingFaceCaptioner', path='models/blip-image-captioning-large', device='cuda')
    """

    def __init__(self, path: str, prompt: Optional[str] = None, max_new_tokens: int = 77, num_beams: int = 1,
                 batch_size: int = 16, **kwargs: Any) -> None:
        super().__init__(batch_size)
        for name, value in (('max_new_tokens', max_new_tokens), ('num_beams', num_beams)):
            if value < 1:
                raise UserError(f'engine.caption.{name} is {value}, expected 1 or more.')
        self.model = LocalModel(path, 'AutoModelForImageTextToText', 'engine.caption', **kwargs)
        self.prompt, self.max_new_tokens, self.num_beams = prompt, max_new_tokens, num_beams

    def fingerprint(self) -> List[str]:
        """Contents of the model's folder."""
        return self.model.fingerprint()

    def __call__(self, images: List[np.ndarray], records: List[Dict[str, Any]]) -> List[List[str]]:
        """See :meth:`Captioner.__call__`."""
        with self.model.running() as (network, processor):
            inputs = self._inputs(processor, [Image.fromarray(image) for image in images])
            inputs = inputs.to(network.device, network.dtype)  # numbers that are no integers take the dtype
            try:
                tokens = network.generate(**inputs, max_new_tokens=self.max_new_tokens, num_beams=self.num_beams,
                                          do_sample=False)
            except (IndexError, ValueError) as error:  # longer than its positions; a prompt where it takes none (GIT)
                raise UserError(f'{self.model.folder}: {type(network).__name__} cannot write a caption ('
                                f'{" ".join(str(error).split())[:200]}). Lower engine.caption.max_new_tokens, or leave '
                                'engine.caption.prompt out.') from error
            return [[self._without_prompt(text)] for text in processor.batch_decode(
                _without(tokens, inputs.get('input_ids')), skip_special_tokens=True)]

    def _inputs(self, processor: Any, images: List[Image.Image]) -> Any:
        tokenizer = getattr(processor, 'tokenizer', None)
        if tokenizer is None:
            raise UserError(f'{self.model.folder}: has no processor with a tokenizer, so no text can be made with it.')
        tokenizer.padding_side = 'left'  # the text goes on at the right
        if getattr(processor, 'chat_template', None) is None:
            text = {} if self.prompt is None else {'text': [self.prompt] * len(images), 'padding': True}
            return processor(images=images, return_tensors='pt', **text)
        talks = [[{'role': 'user', 'content': [{'type': 'image', 'image': image},
                                               {'type': 'text', 'text': self.prompt or _CHAT}]}] for image in images]
        options = {'padding': True}
        if 'processor_kwargs' in inspect.signature(processor.apply_chat_template).parameters:  # transformers 5
            options = {'processor_kwargs': options}
        return processor.apply_chat_template(talks, add_generation_prompt=True, tokenize=True, return_dict=True,
                                             return_tensors='pt', **options)

    def _without_prompt(self, text: str) -> str:
        """BLIP gives the beginning of the caption back, in lower case."""
        text, start = text.strip(), (self.prompt or '').strip().lower()
        return text[len(start):].strip() if start and text.lower().startswith(start) else text


def _without(tokens: Any, given: Any) -> Any:
    """The tokens that follow those that were given; some models return only the new ones."""
    count = 0 if given is None else given.shape[1]
    return tokens[:, count:] if count and tokens.shape[1] >= count and bool(
        (tokens[:, :count] == given).all()) else tokens
