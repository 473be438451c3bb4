"""Which GPU a worker takes, and how many threads."""
import multiprocessing
from contextlib import contextmanager
from typing import Any, Iterator

from mmrice.utils import UserError


def worker_device(name: str, part: str = 'engine.embed') -> Any:
    """The device of this process: 'cuda' takes the GPUs in turn, worker i of the local executor has GPU i modulo count.

    Args:
        name: 'cpu', 'cuda', 'cuda:1', ...
        part: Whose device it is, for messages.

    Returns:
        torch.device: With an index where it is a GPU.

    Raises:
        UserError: Unknown, or there is no such GPU.
    """
    import torch
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UserError(f"{part}.device is {name!r}, expected 'cpu', 'cuda' or 'cuda:1'.") from error
    if device.type != 'cuda':
        return device
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if (device.index or 0) >= count:
        raise UserError(f"{part}.device is {name!r}, but torch sees {count} GPUs here. Set it to 'cpu', or "
                        'check the driver and CUDA_VISIBLE_DEVICES.')
    if device.index is None:
        identity = multiprocessing.current_process()._identity or (1, )  # (), or the number of the worker from 1
        device = torch.device('cuda', (identity[0] - 1) % count)
    return device


@contextmanager
def inference(num_threads: int) -> Iterator[None]:
    """Run a model in the block: without gradients, on a CPU with this many threads and no longer."""
    import torch
    before = torch.get_num_threads()
    torch.set_num_threads(num_threads)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(before)
