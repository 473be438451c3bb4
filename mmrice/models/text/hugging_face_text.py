"""HuggingFaceText: text encoders as Hugging Face transformers has them."""
from pathlib import Path
from typing import Any, Dict, NamedTuple, Optional, Tuple

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor

from mmrice.registry import MODELS
from mmrice.utils.errors import UserError

from ..backbones.hugging_face_networks import read_config_file
from ..layers import Linear


class Family(NamedTuple):
    """How a model type is run.

    Args:
        cls: Its class in transformers.
        pooled: Whether it pools itself; else the mean of its tokens is taken, padding left out.
        padded: Whether it was trained on texts padded to their full length, padding seen.
        options: Arguments of its class.
    """
    cls: str
    pooled: bool = False
    padded: bool = False
    options: Dict[str, Any] = {}


FAMILIES: Dict[str, Family] = {
    'clip_text_model': Family('CLIPTextModel', pooled=True),
    'siglip_text_model': Family('SiglipTextModel', pooled=True, padded=True),
    't5': Family('T5EncoderModel'),
    'bert': Family('BertModel', options=dict(add_pooling_layer=False)),
    'roberta': Family('RobertaModel', options=dict(add_pooling_layer=False)),
    'xlm-roberta': Family('XLMRobertaModel', options=dict(add_pooling_layer=False)),
}
_WHOLE_MODELS = {'clip': 'clip_text_model', 'siglip': 'siglip_text_model'}


@MODELS.register_module()
class HuggingFaceText(BaseModule):
    """A text encoder out of a local folder in Hugging Face's format, in place of :class:`mmrice.TextTransformer`.

    Pooled as the model does (CLIP, SigLIP) or by the mean of its tokens (T5, BERT, RoBERTa), then projected to
    ``out_dims`` by a layer of its own, which is trained. ``mmrice.TokenizeTexts(hf_tokenizer=folder)`` makes its ids.

    Args:
        folder (str): With a config.json of a CLIP or SigLIP model, whole or its text tower, of T5, BERT, RoBERTa or
            XLM-RoBERTa. It is needed again whenever the model is built; nothing is downloaded.
        out_dims (int, optional): Dims D of the embedding. Defaults to None: no projection.
        pretrained (bool): Take the folder's weights. Defaults to True.
        frozen (bool): Train the projection alone. Defaults to False.
        init_cfg (dict, optional): Not used. Defaults to None.

    Raises:
        UserError: transformers is missing, the folder is missing, holds another kind of model or too few weights.
    """

    def __init__(self, folder: str, out_dims: Optional[int] = None, pretrained: bool = True, frozen: bool = False,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        self.folder, self.pretrained, self.frozen = Path(folder).expanduser(), pretrained, frozen
        kind, config = _read_config(self.folder)
        self.family, self.pad_id = FAMILIES[kind], int(config.pad_token_id or 0)
        self.num_tokens = getattr(config, 'max_position_embeddings', None)
        self.network = self._class()(config, **self.family.options)
        width = getattr(config, 'hidden_size', None) or config.d_model
        self.projection = torch.nn.Identity() if out_dims is None else Linear(width, out_dims, bias=False)
        if out_dims is not None:
            torch.nn.init.normal_(self.projection.weight, std=width**-0.5)
        if frozen:
            self.network.requires_grad_(False)

    def _class(self) -> type:
        import transformers
        return getattr(transformers, self.family.cls)

    def init_weights(self) -> None:
        """Load the folder's weights.

        Raises:
            UserError: They cannot be read, or parameters are missing.
        """
        if not self.pretrained or self._is_init:
            return
        try:
            found, report = self._class().from_pretrained(
                str(self.folder), local_files_only=True, output_loading_info=True, **self.family.options)
        except Exception as error:  # what is raised depends on the file
            reason = str(error).strip().partition('\n')[0] or type(error).__name__
            raise UserError(f'{self.folder}: its weights cannot be loaded ({reason}).') from error
        missing = sorted({*report['missing_keys'], *(str(key) for key in report['mismatched_keys'])})
        if missing:
            raise UserError(f'{self.folder}: {len(missing)} parameters of {self.family.cls} are not in its weights, '
                            f'{missing[0]} first.')
        self.network.load_state_dict(found.state_dict())
        self._is_init = True

    def train(self, mode: bool = True) -> 'HuggingFaceText':
        """Switch dropout on or off; a frozen network stays in evaluation."""
        super().train(mode)
        if self.frozen:
            self.network.eval()
        return self

    def forward(self, ids: Tensor) -> Tuple[Tensor, Tensor]:
        """Encode texts.

        Args:
            ids: Tokens, padded with ``pad_id``, int64, shape (N, T).

        Returns:
            tuple: Features of the tokens, shape (N, T, C), and of each text, shape (N, D).
        """
        if self.family.padded:
            ids = F.pad(ids, (0, self.num_tokens - ids.size(1)), value=self.pad_id)
            output = self.network(input_ids=ids)
            return output.last_hidden_state, self.projection(output.pooler_output)
        mask = ids != self.pad_id
        mask[:, 0] = True  # a start token may have the number of the padding
        output = self.network(input_ids=ids, attention_mask=mask.long())
        tokens = output.last_hidden_state
        pooled = output.pooler_output if self.family.pooled else (
            (tokens * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True))
        return tokens, self.projection(pooled)


def _read_config(folder: Path) -> Tuple[str, Any]:
    """Model type of the text encoder, and its transformers config."""
    try:
        import transformers
    except ModuleNotFoundError as error:
        from mmrice.compat import install_hint
        raise UserError(f'mmrice.HuggingFaceText needs transformers. {install_hint("transformers")}') from error
    file = folder / 'config.json'
    content = read_config_file(file, 'HuggingFaceText takes')
    kind = content.get('model_type')
    if kind in _WHOLE_MODELS:
        kind, content = _WHOLE_MODELS[kind], content.get('text_config') or {}
    if kind not in FAMILIES:
        raise UserError(f'{file}: model_type is {kind!r}, expected {", ".join([*_WHOLE_MODELS, *FAMILIES])}.')
    build = getattr(transformers, FAMILIES[kind].cls).config_class
    return kind, build(**{name: value for name, value in content.items() if name != 'model_type'})
