"""mmrice's registries: children of mmengine's roots, found from every host by the prefix ``mmrice.``.

A class that needs a host library or another optional package is listed in ``LAZY_MODULES`` and imported only when a
config asks for it, so that MMDet users need no MMPretrain and the other way round.
"""
import difflib
import importlib
from typing import Dict, List, Optional, Type

from mmengine import registry as roots

from .utils.errors import UserError

# {registry: {type: module that registers it}}
LAZY_MODULES: Dict[str, Dict[str, str]] = {
    'model': {
        'CLOC': 'mmrice.models.pretrainers.cloc',
        'CostAggregationHead': 'mmrice.models.heads.cost_aggregation_head',
        'ImageRetriever': 'mmrice.models.retrievers.image_retriever',
        'KNNClassifier': 'mmrice.models.retrievers.knn_classifier',
        'LinearHead': 'mmrice.models.heads.linear_head',
        'MLCD': 'mmrice.models.pretrainers.mlcd',
        'OpenVocabularySegmentor': 'mmrice.models.region_text.open_vocabulary_segmentor',
        'RICE': 'mmrice.models.pretrainers.rice',
        'RegionKNN': 'mmrice.models.retrievers.region_knn',
        'RegionRecognizer': 'mmrice.models.region_text.recognizer',
        'RegionTextMatcher': 'mmrice.models.region_text.matcher',
        'ReferringMaskHead': 'mmrice.models.referring.mask_head',
        'ReferringSegmentor': 'mmrice.models.referring.segmentor',
        'TextSegmentor': 'mmrice.models.region_text.text_segmentor',
        'UMGCLIP': 'mmrice.models.pretrainers.umg_clip',
        'ZeroShotClassifier': 'mmrice.models.region_text.zero_shot',
    },
    'dataset': {
        'CocoBoxes': 'mmrice.datasets.coco_boxes',
        'CocoTags': 'mmrice.datasets.coco_tags',
        'ObjectCrops': 'mmrice.datasets.object_crops',
        'RegionShardDataset': 'mmrice.datasets.region_shard_dataset',
        'RegionTextFile': 'mmrice.datasets.region_text_file',
    },
    'hook': {
        'SkippedSamplesHook': 'mmrice.datasets.skipped_samples_hook',
    },
    'metric': {
        'CocoMetric': 'mmrice.evaluation.coco_metric',
        'LVISMetric': 'mmrice.evaluation.lvis_metric',
    },
}


class Registry(roots.Registry):
    """A registry that imports host-dependent modules on demand and suggests the nearest name for an unknown one."""

    def get(self, key: str) -> Optional[Type]:
        """Get the class of a type name.

        Args:
            key: Name of the type, with or without a scope prefix.

        Returns:
            The class, or None where no registry knows an unprefixed ``key``.

        Raises:
            UserError: The class needs a package that is not installed; its name and the install command are given.
        """
        scope, name = self.split_scope_key(key)
        ours = scope in (None, self.scope)
        module = LAZY_MODULES.get(self.name, {}).get(name)
        if ours and module is not None and name not in self._module_dict:
            try:
                importlib.import_module(module)
            except ModuleNotFoundError as error:
                from .compat import install_hint
                raise UserError(f'mmrice.{name} needs {error.name}, which is not installed. '
                                f'{install_hint(error.name)}') from error
        return super().get(key)

    def known(self) -> List[str]:
        """Names of all types of this registry, those not imported yet included."""
        self.import_from_location()
        return sorted({*self._module_dict, *LAZY_MODULES.get(self.name, {})})

    def nearest(self, name: str) -> Optional[str]:
        """The known name most like ``name``, or None."""
        return next(iter(difflib.get_close_matches(name, self.known(), n=1, cutoff=0.5)), None)


def _child(name: str, parent: roots.Registry, *locations: str) -> Registry:
    return Registry(name, parent=parent, scope='mmrice', locations=list(locations))


MODELS = _child('model', roots.MODELS, 'mmrice.models')
DATASETS = _child('dataset', roots.DATASETS, 'mmrice.engine')
TRANSFORMS = _child('transform', roots.TRANSFORMS, 'mmrice.datasets.transforms')
DATA_SAMPLERS = _child('data sampler', roots.DATA_SAMPLERS, 'mmrice.datasets.mixed_sampler', 'mmrice.engine')
FUNCTIONS = _child('function', roots.FUNCTIONS, 'mmrice.datasets.collate')
HOOKS = _child('hook', roots.HOOKS, 'mmrice.engine')
OPTIMIZERS = _child('optimizer', roots.OPTIMIZERS, 'mmrice.engine')
OPTIM_WRAPPERS = _child('optim_wrapper', roots.OPTIM_WRAPPERS, 'mmrice.engine')
OPTIM_WRAPPER_CONSTRUCTORS = _child('optimizer wrapper constructor', roots.OPTIM_WRAPPER_CONSTRUCTORS,
                                    'mmrice.engine')
METRICS = _child('metric', roots.METRICS, 'mmrice.evaluation')
WEIGHT_INITIALIZERS = _child('weight initializer', roots.WEIGHT_INITIALIZERS, 'mmrice.engine')
ENGINE_STAGES = Registry('data engine stage', scope='mmrice', locations=['mmrice.data_engine'])
