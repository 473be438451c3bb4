import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import mmrice
from mmrice.compat.transformers_names import find_pruneable_heads_and_indices

ROOT = Path(mmrice.__file__).parents[1]
ASK = '''
import mmrice
from transformers.modeling_utils import (PreTrainedModel, PretrainedConfig, GenerationConfig,
                                         apply_chunking_to_forward, prune_linear_layer)
from transformers.pytorch_utils import find_pruneable_heads_and_indices as find
print(PretrainedConfig.__module__, GenerationConfig.__module__, apply_chunking_to_forward(), find.__module__)
'''


@pytest.fixture
def transformers(tmp_path):
    """Write a package named transformers that has only what version 5 has of the modules in question."""

    def write(pytorch_utils='', modeling_utils=''):
        files = {
            '__init__.py': '',
            'configuration_utils.py': 'class PreTrainedConfig: pass',
            'generation/__init__.py': '',
            'generation/configuration_utils.py': 'class GenerationConfig: pass',
            'pytorch_utils.py': 'def apply_chunking_to_forward(): return "chunked"\n'
                                'def prune_linear_layer(): pass\n' + pytorch_utils,
            'modeling_utils.py': 'class PreTrainedModel: pass\n' + modeling_utils,
        }
        for name, text in files.items():
            path = tmp_path / 'transformers' / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


def python(code, path):
    env = dict(os.environ, PYTHONPATH=os.pathsep.join([str(path), str(ROOT)]))
    return subprocess.run([sys.executable, '-c', code], env=env, capture_output=True, text=True)


def test_names_that_transformers_5_dropped_are_back(transformers):
    done = python(ASK, transformers())
    assert done.stdout.split() == ['transformers.configuration_utils', 'transformers.generation.configuration_utils',
                                   'chunked', 'mmrice.compat.transformers_names'], done.stderr


def test_without_mmrice_the_names_are_missing(transformers):
    done = python(ASK.replace('import mmrice', ''), transformers())
    assert done.returncode != 0 and 'cannot import name' in done.stderr


def test_names_that_transformers_has_are_left_alone(transformers):
    path = transformers('def find_pruneable_heads_and_indices(): pass',
                        'class PretrainedConfig: pass\nclass GenerationConfig: pass\n'
                        'def apply_chunking_to_forward(): return "own"')
    done = python(ASK, path)
    assert done.stdout.split() == ['transformers.modeling_utils', 'transformers.modeling_utils', 'own',
                                   'transformers.pytorch_utils'], done.stderr


def test_names_are_put_back_where_transformers_was_imported_first(transformers):
    code = 'import transformers.pytorch_utils, transformers.modeling_utils' + ASK
    done = python(code, transformers())
    assert done.returncode == 0, done.stderr


def test_hooked_modules_keep_their_source_and_loader(transformers):
    code = ('import mmrice, inspect, transformers.modeling_utils as m; print(type(m.__loader__).__name__, '
            'm.__spec__.name, inspect.getsource(m.PreTrainedModel).strip())')
    done = python(code, transformers())
    expected = 'SourceFileLoader transformers.modeling_utils class PreTrainedModel: pass'
    assert done.stdout.strip() == expected, done.stderr


def test_the_restored_function_prunes_like_transformers_4():
    heads, index = find_pruneable_heads_and_indices([1, 3], n_heads=4, head_size=2, already_pruned_heads=set())
    assert heads == {1, 3} and index.tolist() == [0, 1, 4, 5]
    heads, index = find_pruneable_heads_and_indices([1, 3], n_heads=3, head_size=2, already_pruned_heads={1})
    assert heads == {3} and index.tolist() == [0, 1, 2, 3] and index.dtype == torch.int64


def test_the_restored_function_equals_the_installed_original():
    utils = pytest.importorskip('transformers.pytorch_utils')
    original = importlib.import_module(utils.__name__).find_pruneable_heads_and_indices
    for heads, pruned in (([0], set()), ([2, 0], {1}), ([1], {1}), ([5], {0, 2})):
        ours = find_pruneable_heads_and_indices(heads, 6 - len(pruned), 3, pruned)
        theirs = original(heads, 6 - len(pruned), 3, pruned)
        assert ours[0] == theirs[0] and torch.equal(ours[1], theirs[1])
