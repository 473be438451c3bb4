import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from naive_ops import needs_stand_in

import mmrice
from mmrice.compat import install, stand_in

ROOT = Path(mmrice.__file__).parents[1]


def python(code, *paths):
    """Run code in a fresh interpreter with folders in front of its path; return its output."""
    env = dict(os.environ, PYTHONPATH=os.pathsep.join([*map(str, paths), str(ROOT)]))
    done = subprocess.run([sys.executable, '-c', code], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def fake_mmcv(folder, **files):
    """A package named mmcv in ``folder``."""
    package = folder / 'mmcv'
    package.mkdir(parents=True)
    (package / '__init__.py').write_text('')
    for name, text in files.items():
        (package / f'{name}.py').write_text(text)
    return folder


def test_importing_mmrice_imports_neither_torch_nor_a_host():
    names = ['torch', 'torchvision', 'mmcv', 'mmdet', 'mmseg', 'mmpretrain', 'transformers', 'mmrice.compat.ops']
    assert python(f'import mmrice, sys; print([n for n in {names} if n in sys.modules])').strip() == '[]'


def test_installing_twice_adds_nothing():
    install()
    before = list(sys.meta_path), sys.modules['mmengine.logging'].print_log
    install()
    assert (list(sys.meta_path), sys.modules['mmengine.logging'].print_log) == before


@needs_stand_in
def test_mmengine_finds_the_ops_by_their_spec():
    from mmengine.utils.dl_utils.misc import mmcv_full_available
    spec = importlib.util.find_spec('mmcv._ext')
    assert spec.name == 'mmcv._ext' and spec.origin == 'mmrice.compat.ops'
    assert mmcv_full_available()


def test_the_finder_answers_for_no_other_module():
    finder = stand_in.StandInFinder()
    assert [finder.find_spec(name) for name in ('mmcv', 'mmcv.ops', 'mmcv._ext2', '_ext')] == [None] * 4


@needs_stand_in
def test_a_missing_op_fails_when_called_and_names_itself_and_the_cure():
    import torch
    from mmcv.ops import box_iou_rotated, nms_rotated
    with pytest.raises(NotImplementedError, match='mmcv op nms_rotated needs compiled mmcv ops') as error:
        nms_rotated(torch.rand(3, 5), torch.rand(3), 0.5)
    assert 'roi_align_forward' in str(error.value) and 'pip install' in str(error.value)
    with pytest.raises(NotImplementedError, match='mmcv op box_iou_rotated needs'):
        box_iou_rotated(torch.rand(3, 5), torch.rand(3, 5))


def test_a_missing_op_is_no_private_attribute():
    from mmrice.compat import ops
    with pytest.raises(AttributeError, match='__path__'):
        ops.missing('__path__')


@needs_stand_in
def test_every_op_that_the_hosts_use_is_supplied():
    import mmcv._ext
    hosts_use = ['nms', 'softnms', 'nms_match', 'bbox_overlaps', 'get_compiler_version', 'get_compiling_cuda_version']
    for op in ('roi_align', 'roi_pool', 'deform_roi_pool', 'sigmoid_focal_loss', 'softmax_focal_loss', 'psamask',
               'carafe', 'ms_deform_attn', 'modulated_deform_conv'):
        hosts_use += [f'{op}_forward', f'{op}_backward']
    hosts_use += ['deform_conv_forward', 'deform_conv_backward_input', 'deform_conv_backward_parameters',
                  'masked_im2col_forward', 'masked_col2im_forward']
    hosts_use += [f'sync_bn_{part}' for part in ('forward_mean', 'forward_var', 'forward_output', 'backward_param',
                                                 'backward_data')]
    assert [name for name in hosts_use if name not in vars(mmcv._ext)] == []


@needs_stand_in
def test_the_environment_report_says_that_nothing_was_compiled():
    from mmcv.utils.env import collect_env
    assert 'mmrice.compat on torchvision' in collect_env()['MMCV Compiler']


@pytest.mark.parametrize('first', ['mmrice', 'mmcv'])
def test_compiled_ops_win_over_the_stand_in(tmp_path, first):
    fake_mmcv(tmp_path, _ext='compiled = True')
    second = 'mmcv' if first == 'mmrice' else 'mmrice'
    code = f'import {first}, {second}; import mmcv._ext as e; print(e.compiled, hasattr(e, "nms"), e.__file__)'
    assert python(code, tmp_path).strip() == f'True False {tmp_path}/mmcv/_ext.py'


def test_compiled_ops_that_another_finder_has_win_over_the_stand_in(tmp_path):
    fake_mmcv(tmp_path)
    code = '''
import sys, mmrice
from importlib.machinery import ModuleSpec
class Finder:
    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self, origin='elsewhere') if name == 'mmcv._ext' else None
    def create_module(self, spec): return None
    def exec_module(self, module): module.compiled = True
sys.meta_path.insert(0, Finder())
import mmcv._ext as ext
print(ext.compiled, ext.__spec__.origin)
'''
    assert python(code, tmp_path).strip() == 'True elsewhere'


def test_without_torchvision_the_error_says_what_to_install(tmp_path):
    fake_mmcv(tmp_path)
    code = '''
import sys, mmrice
sys.modules['torchvision'] = None
import importlib.util
find = importlib.util.find_spec
from mmrice.compat import stand_in
stand_in.find_spec = lambda name: None if name == 'torchvision' else find(name)
try:
    import mmcv._ext
except ImportError as error:
    print(error)
'''
    message = python(code, tmp_path)
    assert 'torchvision, which is not installed' in message and 'pip install torchvision' in message


def test_the_compiled_spec_is_found_without_importing_mmcv(tmp_path):
    fake_mmcv(tmp_path / 'with', _ext='')
    fake_mmcv(tmp_path / 'without')
    code = ('import sys, mmrice; from mmrice.compat.stand_in import compiled_spec; '
            'print(compiled_spec() is not None, "mmcv" in sys.modules)')
    assert python(code, tmp_path / 'with').strip() == 'True False'
    assert python(code, tmp_path / 'without').strip() == 'False False'


def test_importing_the_hosts_prints_nothing():
    pytest.importorskip('mmdet')
    pytest.importorskip('mmseg')
    code = 'import mmrice, mmdet.apis, mmdet.datasets, mmdet.models, mmdet.evaluation, mmseg.models, mmseg.datasets'
    assert python(code) == ''
