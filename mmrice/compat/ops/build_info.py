"""What mmengine's environment report prints about the build of mmcv's ops."""
import torchvision

__all__ = ['get_compiler_version', 'get_compiling_cuda_version']


def get_compiler_version() -> str:
    """Say that nothing was compiled."""
    return f'none (mmrice.compat on torchvision {torchvision.__version__})'


def get_compiling_cuda_version() -> str:
    """Say that nothing was compiled."""
    return 'none'
