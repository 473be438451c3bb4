"""A linear segmentation probe whose encoder is frozen or not: what is timed by frozen.py and cache.py."""
from typing import Any, Callable, List, Optional, Sequence, Tuple, Union

import torch
from torch import Tensor, nn

CLASSES, PATCH = 21, 16


class Probe:
    """A model, its optimizer and a batch.

    Args:
        arch: Of :class:`mmrice.RICEViT`, patches of 16 px.
        frozen: Whether the encoder is inside ``mmrice.FrozenBackbone``.
        device: Where.
        cache_dir: Of the frozen encoder. Defaults to None.
        seed: Of the weights; the same seed gives frozen and trained models the same ones.
    """

    def __init__(self, arch: Union[str, dict], frozen: bool, device: str = 'cpu', cache_dir: Optional[str] = None,
                 seed: int = 0) -> None:
        import mmseg.models  # noqa: F401

        from mmrice.registry import MODELS
        torch.manual_seed(seed)
        encoder = dict(type='mmrice.RICEViT', arch=arch, patch_size=PATCH, out_type='featmap')
        backbone = dict(type='mmrice.FrozenBackbone', backbone=encoder, cache_dir=cache_dir) if frozen else encoder
        width = MODELS.build(encoder).embed_dims
        head = dict(type='mmrice.LinearHead', in_channels=width, num_classes=CLASSES, dropout_ratio=0.,
                    norm_cfg=dict(type='BN'), align_corners=False,
                    loss_decode=dict(type='mmseg.CrossEntropyLoss', avg_non_ignore=True))
        torch.manual_seed(seed)
        self.model = MODELS.build(dict(type='mmseg.EncoderDecoder', backbone=backbone, decode_head=head,
                                       test_cfg=dict(mode='whole'))).to(device).train()
        trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(trained, lr=1e-4)
        self.device = device

    def step(self, images: Tensor, samples: Sequence[Any]) -> float:
        """Train on a batch; the loss."""
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.model.loss(images, samples)['decode.loss_ce']
        loss.backward()
        self.optimizer.step()
        return loss.item()


def draw_batch(batch: int, side: int, device: str, seed: int = 0) -> Tuple[Tensor, List[Any]]:
    """Noise images, (B, 3, side, side), and label maps.

    Args:
        batch: B.
        side: px.
        device: Where.
        seed: Of both.
    """
    from mmengine.structures import PixelData
    from mmseg.structures import SegDataSample
    draw = torch.Generator().manual_seed(seed)
    images = torch.randn(batch, 3, side, side, generator=draw).to(device)
    labels = torch.randint(CLASSES, (batch, 1, side, side), generator=draw).to(device)
    samples = []
    for label in labels:
        sample = SegDataSample(metainfo=dict(img_shape=(side, side), ori_shape=(side, side)))
        sample.gt_sem_seg = PixelData(data=label)
        samples.append(sample)
    return images, samples


def kept_bytes(model: nn.Module, run: Callable[[], object]) -> int:
    """Bytes that autograd keeps for the backward pass of a call; what is kept twice counts once.

    Args:
        model: Its parameters and buffers are not counted.
        run: The call.

    Returns:
        int: Bytes of the storages.
    """
    own = {tensor.untyped_storage().data_ptr() for tensor in [*model.parameters(), *model.buffers()]}
    kept = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        result = run()  # noqa: F841 (its graph holds the storages, so that none is freed and its address used again)
    return sum(kept.values())


def synchronizer(device: str) -> Callable[[], object]:
    """Waits for the device."""
    return torch.cuda.synchronize if torch.device(device).type == 'cuda' else lambda: None
