"""EncoderCheckpointHook: test an encoder as it was pretrained."""
from typing import Sequence

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmrice.registry import HOOKS

from ..load_report import unwrapped
from ..pretrained_parts import PretrainedParts


@HOOKS.register_module()
class EncoderCheckpointHook(Hook):
    """Load the checkpoint of a run into ``model.backbone``, not into the whole model.

    For models without trained parts, kNN and retrieval: the CHECKPOINT of ``tools/test.py`` is then whatever
    :class:`mmrice.RICEPretrained` takes, a pretraining checkpoint, a directory in Hugging Face's format or
    'hf://ORG/NAME'.

    Args:
        parts (Sequence[str]): Of the model, each of which takes its own out of the checkpoint. Defaults to
            ('backbone', ).
    """
    priority = 'HIGHEST'

    def __init__(self, parts: Sequence[str] = ('backbone', )) -> None:
        self.parts = tuple(parts)

    def before_run(self, runner: Runner) -> None:
        """Load the weights; the runner loads nothing more."""
        if runner._load_from is None or runner._has_loaded:
            return
        PretrainedParts(runner._load_from, self.parts)(unwrapped(runner.model))
        runner._has_loaded = True
