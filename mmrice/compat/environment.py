"""What is installed here and whether it fits: the rows of ``tools/misc/check_env.py``."""
import importlib
import platform
import sys
from importlib import metadata
from typing import Iterator, List, Mapping, NamedTuple, Optional, Sequence

from . import stand_in, versions
from .hints import FORK_NAMES, UPSTREAM_NAMES, compile_hint, install_hint

_OPENCV = ('opencv-python', 'opencv-python-headless', 'opencv-contrib-python', 'opencv-contrib-python-headless')
# {module: (distributions that provide it, what it is for)}
_OPTIONAL = {
    'transformers': (('transformers', ), 'Hugging Face checkpoints and text models'),
    'safetensors': (('safetensors', ), 'Hugging Face checkpoints'),
    'pyarrow': (('pyarrow', ), 'region shards: building them, pretraining'),
    'faiss': (('faiss-cpu', 'faiss-gpu', 'faiss-gpu-cu12'), 'building region data: clustering'),
    'rapidocr': (('rapidocr', ), 'building region data: OCR'),
    'onnxruntime': (('onnxruntime', 'onnxruntime-gpu'), 'building region data: OCR'),
    'skimage': (('scikit-image', ), 'building region data: proposals'),
    'open_clip': (('open_clip_torch', ), 'building region data: BPE labels, CLIP encoders'),
    'nltk': (('nltk', ), 'building region data: phrases of captions'),
    'textblob': (('textblob', ), 'building region data: phrases of captions'),
    'ray': (('ray', ), 'building region data on several machines'),
    'pycocotools': (('pycocotools', ), "COCO's metrics"),
}


class Row(NamedTuple):
    """One line of the report.

    ``state`` is 'ok', 'note' (something optional is missing) or 'bad' (something needed is missing or does not fit);
    ``cure`` is the command that mends it, or ''.
    """
    name: str
    found: str
    state: str
    remark: str = ''
    cure: str = ''


def _version(*distributions: str) -> Optional[str]:
    """Name and version of the first of the distributions that is installed, or None."""
    found = versions.installed(list(distributions))
    return next((f'{version}' if len(distributions) == 1 else f'{name} {version}' for name, version in found.items()),
                None)


def _try_import(module: str) -> Optional[str]:
    """Import a module; return the first line of what went wrong, or None."""
    try:
        importlib.import_module(module)
    except Exception as error:  # a broken binary raises anything from ImportError to RuntimeError
        return (str(error).strip() or type(error).__name__).splitlines()[0]
    return None


def _basics() -> Iterator[Row]:
    fits = sys.version_info >= (3, 10)
    yield Row('python', platform.python_version(), 'ok' if fits else 'bad', 'needs 3.10 or newer')
    for module in ('torch', 'torchvision', 'numpy'):
        version = _version(module)
        if version is None:
            yield Row(module, 'missing', 'bad', 'needed', install_hint(module))
            continue
        failure = _try_import(module)
        wanted = _torch_of_torchvision() if module == 'torchvision' else None
        torch = _version('torch')
        if failure:
            yield Row(module, version, 'bad', f'cannot be imported: {failure}',
                      f'pip install --force-reinstall {module}')
        elif wanted and torch and versions.release(wanted) != versions.release(torch):
            yield Row(module, version, 'bad', f'made for torch {wanted}, found {torch}', f'pip install torch=={wanted}')
        else:
            yield Row(module, version, 'ok')


def _torch_of_torchvision() -> Optional[str]:
    """The version of torch that the installed torchvision asks for, where it asks for one."""
    for requirement in metadata.requires('torchvision') or []:
        name, _, version = requirement.split(';')[0].replace(' ', '').replace('(', '').replace(')', '').partition('==')
        if name == 'torch' and version:
            return version
    return None


def _openmmlab(need: Sequence[str]) -> Iterator[Row]:
    flavours = set()
    hosts = [module for module in ('mmdet', 'mmseg', 'mmpretrain') if _version(FORK_NAMES[module],
                                                                               UPSTREAM_NAMES[module])]
    for module, fork in FORK_NAMES.items():
        found = _version(fork, UPSTREAM_NAMES[module])
        is_host = module in ('mmdet', 'mmseg', 'mmpretrain')
        needed = not is_host or module in need or not hosts
        if found is None:
            purpose = {'mmdet': 'detection', 'mmseg': 'segmentation', 'mmpretrain': 'pretraining'}.get(module, 'needed')
            yield Row(module, 'missing', 'bad' if needed else 'note', purpose, install_hint(module))
            continue
        flavours.add('fork' if found.startswith('onedl-') else 'upstream')
        failure = _try_import(module)
        yield Row(module, found, 'bad' if failure else 'ok', f'cannot be imported: {failure}' if failure else '',
                  'see the problems below, or reinstall it' if failure else '')
    if len(flavours) > 1:
        yield Row('flavours', 'mixed', 'note', 'fork and upstream side by side are not tested together',
                  'install all five from one requirements file')


def _ops() -> Iterator[Row]:
    if _version('onedl-mmcv', 'mmcv') is None:
        return
    compiled = stand_in.compiled_spec() is not None
    failure = _try_import('mmcv._ext')
    if failure:
        remark, cure = 'the stand-in cannot be used', install_hint('torchvision')
        if compiled:
            remark = 'compiled for other versions of torch or Python'
            cure = (f'{compile_hint()} Or go back to the stand-in: '
                    'pip install --force-reinstall --no-deps onedl-mmcv')
        yield Row('mmcv ops', 'broken', 'bad', f'{remark}: {failure}', cure)
    elif compiled:
        yield Row('mmcv ops', 'compiled', 'ok')
    else:
        yield Row('mmcv ops', 'stand-in', 'ok', 'from torchvision; enough for mmdet, mmseg and mmpretrain but CLRNet')


def _optional(need: Sequence[str]) -> Iterator[Row]:
    for module, (distributions, purpose) in _OPTIONAL.items():
        found = _version(*distributions)
        if found is not None:
            yield Row(module, found, 'ok')
        else:
            yield Row(module, 'missing', 'bad' if module in need else 'note', f'for {purpose}', install_hint(module))
    unknown = [module for module in need if module not in (*_OPTIONAL, *FORK_NAMES)]
    for module in unknown:
        failure = _try_import(module)
        yield Row(module, 'missing' if failure else 'installed', 'bad' if failure else 'ok', failure or '',
                  install_hint(module) if failure else '')


def _opencv() -> Row:
    found = versions.installed(list(_OPENCV))
    text = ', '.join(f'{name} {version}' for name, version in found.items())
    if not found:
        return Row('opencv', 'missing', 'bad', 'needed by mmcv', install_hint('cv2'))
    if len(set(found.values())) > 1:
        newest = max(found.values(), key=versions.release)
        return Row('opencv', text, 'bad', 'two flavours at different versions overwrite each other',
                   f'pip uninstall -y {" ".join(found)}, then pip install opencv-python=={newest}')
    failure = _try_import('cv2')
    if failure:
        return Row('opencv', text, 'bad', f'cannot be imported: {failure}', 'pip install opencv-python-headless')
    return Row('opencv', text, 'ok', 'two flavours at one version: fine' if len(found) > 1 else '')


def _hardware() -> Iterator[Row]:
    if _try_import('torch'):
        return
    import torch
    fast = has_cpu_bf16()
    yield Row('CPU bf16', 'yes' if fast else 'no', 'ok', '--amp pays on this CPU' if fast else
              'keep float32 on this CPU: bf16 is emulated and slow')
    if torch.cuda.is_available():
        names = ', '.join(sorted({torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())}))
        yield Row('GPU', f'{torch.cuda.device_count()} x {names}', 'ok', f'CUDA {torch.version.cuda}')
    else:
        yield Row('GPU', 'none', 'ok', 'the quick configs need none')


def has_cpu_bf16() -> bool:
    """Whether this CPU multiplies bfloat16 matrices in hardware (AVX512-BF16, AMX or Arm's BF16)."""
    try:
        with open('/proc/cpuinfo', encoding='utf-8') as stream:
            flags = {flag for line in stream if line.lower().startswith(('flags', 'features')) for flag in line.split()}
    except OSError:
        return False
    return bool(flags & {'avx512_bf16', 'amx_bf16', 'bf16'})


def _compare(row: Row, tested: Mapping[str, str]) -> Row:
    """Add the tested version to the remark of a row that fits with another one."""
    if row.name in FORK_NAMES:
        names: Sequence[str] = (FORK_NAMES[row.name], UPSTREAM_NAMES[row.name])
    else:
        names = _OPTIONAL[row.name][0] if row.name in _OPTIONAL else (row.name, )
    pins = [tested[name] for name, version in versions.installed(list(names)).items()
            if tested.get(name, version) != version]
    return row._replace(remark=f'tested with {pins[0]}') if pins and row.state == 'ok' else row


def report(need: Sequence[str] = (), tested: Optional[Mapping[str, str]] = None) -> List[Row]:
    """Look at this environment.

    Args:
        need: Modules that count as needed besides torch, torchvision, numpy, mmengine, mmcv and one host.
        tested: {distribution: version} that mmrice is tested with; other versions are remarked upon, no more.

    Returns:
        list: The rows, in the order in which they are printed.
    """
    rows = [*_basics(), *_openmmlab(need), *_ops(), _opencv(), *_optional(need)]
    rows = [_compare(row, tested or {}) for row in rows] + [*_hardware()]
    rows += [Row('versions', problem.what, 'bad', problem.why, problem.cure)
             for problem in versions.problems(versions.openmmlab())]
    return rows
