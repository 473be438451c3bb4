"""ClipProjection: from the class token to the space that CLIP's images and texts share."""
from typing import Any, Dict, Sequence, Tuple, Union

from mmengine.model import BaseModule
from torch import Tensor

from mmrice.registry import MODELS

from ..layers import Linear


@MODELS.register_module()
class ClipProjection(BaseModule):
    """The projection behind CLIP's image tower, without bias; takes its weights out of a Hugging Face CLIP.

    Args:
        in_channels (int): Channels C of the class token.
        out_channels (int): Dims D of the embedding.
        init_cfg (dict, optional): Weights, as of :class:`mmrice.HuggingFaceViT`. Defaults to None: random ones.
    """

    def __init__(self, in_channels: int, out_channels: int, init_cfg: Union[dict, None] = None) -> None:
        super().__init__(init_cfg)
        self.proj = Linear(in_channels, out_channels, bias=False)
        self._register_load_state_dict_pre_hook(_take_clip_name)

    def forward(self, inputs: Sequence[Tensor]) -> Tuple[Tensor]:
        """Project the last of some tensors of shape (B, C); gives a tuple of one of shape (B, D)."""
        return (self.proj(inputs[-1]), )


def _take_clip_name(state: Dict[str, Tensor], prefix: str, *_: Any) -> None:
    theirs = f'{prefix}visual_projection.weight'
    if theirs in state:
        state[f'{prefix}proj.weight'] = state.pop(theirs)
