"""PretrainedParts: several parts of a model from one checkpoint of pretraining."""
from typing import Optional, Sequence

from torch import nn

from mmrice.registry import WEIGHT_INITIALIZERS
from mmrice.utils import UserError

from .pretrained_init import RICEPretrained


@WEIGHT_INITIALIZERS.register_module()
class PretrainedParts:
    """Initialise parts of a model, each by :class:`mmrice.RICEPretrained`; the others stay as they are.

    A part takes the checkpoint's weights under its own name, and where there are none, whatever fits, as from a
    directory in Hugging Face's format. Of a :class:`mmrice.FrozenBackbone` or :class:`mmrice.AdaptedBackbone` it is the
    backbone inside.

    Args:
        checkpoint (str): See :class:`mmrice.RICEPretrained`.
        parts (Sequence[str]): Names of the parts. Defaults to ('backbone', ).

    Raises:
        UserError: The checkpoint is missing or damaged, or lacks parameters of a part; or the model has no such part.

    Example:
        >>> init_cfg = dict(type='mmrice.PretrainedParts', checkpoint='latest.pth', parts=['backbone', 'text_encoder'])
    """

    def __init__(self, checkpoint: Optional[str], parts: Sequence[str] = ('backbone', )) -> None:
        self.checkpoint, self.parts = checkpoint, tuple(parts)

    def __call__(self, module: nn.Module) -> None:
        """Load the weights into the parts of ``module``."""
        own = dict(module.named_children())
        unknown = [name for name in self.parts if name not in own]
        if unknown:
            raise UserError(f'PretrainedParts: parts={list(self.parts)}, but {type(module).__name__} has no '
                            f'{unknown[0]!r}. Expected some of {", ".join(own)}.')
        source = RICEPretrained(self.checkpoint).read(module)
        for name in self.parts:
            part, prefix = getattr(own[name], 'backbone', own[name]), f'{name}.'
            named = any(key.startswith(prefix) for key in source.state)
            RICEPretrained(self.checkpoint, prefix if named else None).load(part, source)
            part._is_init = True  # its own init_weights would make it random again
