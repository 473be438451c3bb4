"""The project's registry: a child of mmengine's root, found by its prefix from every config without custom_imports."""
from mmengine.registry import MODELS as ROOT_MODELS
from mmengine.registry import Registry

MODELS = Registry('model', parent=ROOT_MODELS, scope='example_project', locations=['example_project.heads'])
