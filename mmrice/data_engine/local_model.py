"""Models of Hugging Face in local folders, with their processors; nothing is downloaded."""
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, List, Sequence, Tuple

from mmrice.compat import install_hint
from mmrice.compat.versions import release
from mmrice.utils import UserError

from .encoders.devices import inference, worker_device
from .encoders.files import digests, read_object
from .encoders.torch_encoder import DTYPES

_DESCRIPTIONS = ('.json', '.txt', '.model', '.jinja')


class LocalModel:
    """A model and its processor, read at first use.

    Args:
        path: Folder as ``save_pretrained`` of the model and the processor writes it.
        cls: Class of transformers that reads the model.
        where: Place of the part in the config, for messages.
        types: What ``model_type`` in ``config.json`` may be; empty for whatever ``cls`` takes.
        device: 'cpu'; 'cuda': with several workers, worker i takes GPU i modulo their number; or one GPU, 'cuda:1'.
        dtype: Of the weights: 'float32', 'bfloat16', or on a GPU 'float16'.
        num_threads: Of the model on a CPU. Part of the config: with another number of threads sums may differ in the
            last bit, and a build must not depend on how many workers it has.
    """

    def __init__(self, path: str, cls: str, where: str, types: Sequence[str] = (), device: str = 'cpu',
                 dtype: str = 'float32', num_threads: int = 1) -> None:
        if dtype not in DTYPES:
            raise UserError(f'{where}.dtype is {dtype!r}, expected {", ".join(DTYPES)}.')
        if dtype == 'float16' and device == 'cpu':
            raise UserError(f"{where}.dtype is 'float16', which is for GPUs. Set it to 'bfloat16' or 'float32', or "
                            f"{where}.device to 'cuda'.")
        if num_threads < 1:
            raise UserError(f'{where}.num_threads is {num_threads}, expected 1 or more.')
        self.folder, self.cls, self.where, self.types = Path(path).expanduser(), cls, where, tuple(types)
        self.device, self.dtype, self.num_threads = device, dtype, num_threads
        self._loaded: Any = None

    def fingerprint(self) -> List[str]:
        """Contents of the weights, settings and vocabularies.

        Raises:
            UserError: The folder is missing, or holds no model or one of another type.
        """
        path = self.folder / 'config.json'
        if not path.is_file():
            raise UserError(f'{path}: no such file. {self.where}.path is a local model folder as save_pretrained '
                            'writes it; nothing is downloaded.')
        found = read_object(path).get('model_type')
        if self.types and found not in self.types:
            raise UserError(f'{path}: model_type is {found!r}, expected {", ".join(self.types)}.')
        weights = sorted(self.folder.glob('*.safetensors')) or sorted(self.folder.glob('*.bin'))
        if not weights:
            raise UserError(f'{self.folder}: neither .safetensors nor .bin in it: the weights are missing.')
        return digests([*sorted(file for file in self.folder.iterdir() if file.suffix in _DESCRIPTIONS), *weights])

    def load(self) -> Tuple[Any, Any]:
        """The model on its device, in evaluation mode, and its processor.

        Raises:
            UserError: transformers is missing, or the folder cannot be read.
        """
        if self._loaded is None:
            self.fingerprint()
            try:
                import transformers
            except ModuleNotFoundError as error:
                raise UserError(f'{self.where} needs transformers. {install_hint("transformers")}') from error
            import torch
            device = worker_device(self.device, self.where)
            try:
                network, report = getattr(transformers, self.cls).from_pretrained(
                    self.folder, local_files_only=True, output_loading_info=True)
                # transformers 5 has only the processors that 4 calls fast.
                fast = {'use_fast': True} if release(transformers.__version__) < (5, ) else {}
                processor = transformers.AutoProcessor.from_pretrained(self.folder, local_files_only=True, **fast)
            except Exception as error:  # its loaders raise all kinds
                reason = ' '.join(str(error).split())[:200] or repr(error)
                raise UserError(f'{self.folder}: cannot be read as {self.cls} with its processor ({reason}).'
                                ) from error
            missing = sorted(report['missing_keys'])
            if missing:
                raise UserError(f'{self.folder}: {len(missing)} weights of {self.cls} are not in it, first '
                                f'{missing[0]!r}. config.json and weights do not belong together.')
            self._loaded = network.to(device, getattr(torch, self.dtype)).requires_grad_(False).eval(), processor
        return self._loaded

    @contextmanager
    def running(self) -> Iterator[Tuple[Any, Any]]:
        """Yield model and processor; the threads and inference mode hold in the block."""
        loaded = self.load()
        with inference(self.num_threads):
            yield loaded
