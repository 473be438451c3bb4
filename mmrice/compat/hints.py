"""Which command installs what: the words for error messages and for ``tools/misc/check_env.py``."""
from typing import Dict

FORK = 'requirements/mminstall.txt'
UPSTREAM = 'requirements/mminstall-openmmlab.txt'
_DATA = 'requirements/data.txt'

# {importable module: distribution of the maintained forks}
FORK_NAMES: Dict[str, str] = {
    'mmengine': 'onedl-mmengine',
    'mmcv': 'onedl-mmcv',
    'mmdet': 'onedl-mmdetection',
    'mmseg': 'onedl-mmsegmentation',
    'mmpretrain': 'onedl-mmpretrain',
}
# {importable module: distribution of OpenMMLab}
UPSTREAM_NAMES: Dict[str, str] = {
    'mmengine': 'mmengine',
    'mmcv': 'mmcv',
    'mmdet': 'mmdet',
    'mmseg': 'mmsegmentation',
    'mmpretrain': 'mmpretrain',
}
# {importable module: (distribution, requirements file that lists it)}
_OTHERS: Dict[str, tuple] = {
    'torch': ('torch', 'requirements/runtime.txt'),
    'torchvision': ('torchvision', 'requirements/runtime.txt'),
    'numpy': ('numpy', 'requirements/runtime.txt'),
    'transformers': ('transformers', 'requirements/tests.txt'),
    'safetensors': ('safetensors', 'requirements/runtime.txt'),
    'terminaltables': ('terminaltables', 'requirements/runtime.txt'),
    'faiss': ('faiss-cpu', _DATA),
    'faster_coco_eval': ('faster-coco-eval', 'requirements/runtime.txt'),
    'lvis': ('lvis', 'requirements/runtime.txt'),
    'onnxruntime': ('onnxruntime', _DATA),
    'open_clip': ('open_clip_torch', _DATA),
    'ray': ('ray[data]', 'requirements/cluster.txt'),
    'PIL': ('pillow', 'requirements/runtime.txt'),
    'pyarrow': ('pyarrow', _DATA),
    'rapidocr': ('rapidocr', _DATA),
    'nltk': ('nltk', _DATA),
    'scipy': ('scipy', _DATA),
    'textblob': ('textblob', _DATA),
    'skimage': ('scikit-image', _DATA),
    'cv2': ('opencv-python', _DATA),
}
# A plain `pip install --no-binary` does not do: pip takes the wheel without ops that it once cached, and the fork's
# setup.py asks for C++17 where current torch needs C++20.
COMPILE_MMCV = ('pip download --no-deps --no-build-isolation --no-binary onedl-mmcv onedl-mmcv && '
                'tar xf onedl_mmcv-*.tar.gz && cd onedl_mmcv-*/ && sed -i s/c++17/c++20/ setup.py && '
                'pip install --force-reinstall --no-deps --no-build-isolation .')


def install_hint(module: str) -> str:
    """Say how to install what provides a module.

    Args:
        module: Name of an importable module; a submodule stands for its package.

    Returns:
        str: One sentence with the pip command.
    """
    module = (module or '').split('.')[0]
    if module in FORK_NAMES:
        return (f'Install it with `pip install {FORK_NAMES[module]}` (the maintained fork; `pip install -r {FORK}` '
                f'brings all five libraries in the tested versions, {UPSTREAM} lists the OpenMMLab originals instead).')
    if module in _OTHERS:
        distribution, listed = _OTHERS[module]
        return f'Install it with `pip install {distribution}` (listed in {listed}).'
    return f'Install it with `pip install {module}`.'


def compile_hint() -> str:
    """Say how to get mmcv's compiled ops, in one sentence."""
    return ('Install a compiled mmcv: a wheel made for your versions of torch and Python, or build one where torch and '
            'a C++ compiler are installed (15 to 25 minutes on 2 cores; FORCE_CUDA=1 adds the CUDA ops): '
            f'`{COMPILE_MMCV}`.')
