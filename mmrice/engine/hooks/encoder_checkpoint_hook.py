"""EncoderCheckpointHook: test an encoder as it was pretrained."""
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmrice.registry import HOOKS

from ..load_report import unwrapped
from ..pretrained_init import RICEPretrained


@HOOKS.register_module()
class EncoderCheckpointHook(Hook):
    """Load the checkpoint of a run into ``model.backbone``, not into the whole model.

    For models without trained parts, kNN and retrieval: the CHECKPOINT of ``tools/test.py`` is then whatever
    :class:`mmrice.RICEPretrained` takes, a pretraining checkpoint, a directory in Hugging Face's format or
    'hf://ORG/NAME'.
    """
    priority = 'HIGHEST'

    def before_run(self, runner: Runner) -> None:
        """Load the weights; the runner loads nothing more."""
        if runner._load_from is None or runner._has_loaded:
            return
        RICEPretrained(runner._load_from)(unwrapped(runner.model).backbone)
        runner._has_loaded = True
