"""What training needs besides mmengine: exact resume, safe checkpoints, mixed precision on CPUs, loading weights."""
from .amp_optim_wrapper import AmpOptimWrapper
from .clip_grad import clip_grad_norm, clip_grad_value
from .exact_batch_sampler import BatchStream, ExactBatchSampler
from .hooks import (
    CheckpointHook,
    ExactResumeHook,
    FloatResultsHook,
    LoadCheckHook,
    RegionVisualizationHook,
    SeedHook,
)
from .layer_decay import LayerDecayOptimWrapperConstructor
from .load_report import LoadReport, load_weights
from .optim_wrapper import OptimWrapper
from .optimizers import SparseAdamW
from .pretrained_init import RICEPretrained
from .pretrained_parts import PretrainedParts
from .seeded_dataset import SeededDataset, SeededIndex

__all__ = [
    'AmpOptimWrapper', 'BatchStream', 'CheckpointHook', 'ExactBatchSampler', 'ExactResumeHook', 'FloatResultsHook',
    'LayerDecayOptimWrapperConstructor', 'LoadCheckHook', 'LoadReport', 'OptimWrapper', 'PretrainedParts',
    'RICEPretrained', 'RegionVisualizationHook', 'SeedHook', 'SeededDataset', 'SeededIndex', 'SparseAdamW',
    'clip_grad_norm', 'clip_grad_value', 'load_weights'
]
