"""Hooks of the runner."""
from .checkpoint_hook import CheckpointHook
from .dataset_classes_hook import DatasetClassesHook
from .encoder_checkpoint_hook import EncoderCheckpointHook
from .exact_resume_hook import ExactResumeHook
from .float_results_hook import FloatResultsHook
from .load_check_hook import LoadCheckHook
from .region_visualization_hook import RegionVisualizationHook
from .seed_hook import SeedHook

__all__ = [
    'CheckpointHook', 'DatasetClassesHook', 'EncoderCheckpointHook', 'ExactResumeHook', 'FloatResultsHook',
    'LoadCheckHook', 'RegionVisualizationHook', 'SeedHook'
]
