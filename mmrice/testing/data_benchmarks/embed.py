"""Throughput of stage embed, from a shard on disk to its file of embeddings, beside that of the encoder alone.

Drawn photos with the spectrum of real ones, 640 x 480 px, eight boxes each. Two encoders: a ResNet-18 on crops of
224 px, and a RICE ViT-S/16 that takes the image once at 224 px. Both have random weights. The encoder alone gets
tensors that are ready, in batches of the same sizes.
"""
import tempfile
from pathlib import Path
from statistics import median
from typing import Any, Callable, Dict, List, Tuple

import cv2
import numpy as np

from mmrice.utils.timing import speedup, time_in_turn

Row = Dict[str, Any]
IMAGES, BOXES, SIDES = 12, 8, (480, 640)
MEAN, STD = [122.771, 116.746, 104.094], [68.501, 66.632, 70.323]


def measure(threads: int = 1, repeats: int = 5, seed: int = 0) -> Tuple[List[Row], Dict[str, float]]:
    """Time the stage and the bare encoder in turn.

    Args:
        threads: Of the model. Decoding has a thread of its own beside them.
        repeats: Rounds that count.
        seed: Of the images and boxes.

    Returns:
        tuple: Rows of ``encoder``, ``images``, ``regions``, ``threads``, ``stage_regions_per_s``,
        ``encoder_regions_per_s`` and ``ratio``; and the ratios ``embed_vs_encoder`` (crops) and
        ``embed_one_pass_vs_encoder``: throughput of the stage over that of the encoder, median of the rounds.

    Raises:
        UserError: MMPretrain is missing.
    """
    from mmrice.data_engine.encoders import MMPretrainEncoder, RICERegionEncoder
    from mmrice.data_engine.stages.embed import embed_shard
    from mmrice.data_engine.workspace import Workspace
    rows = []
    with tempfile.TemporaryDirectory(prefix='mmrice-embed-') as folder:
        space = Workspace(Path(folder))
        images, boxes = write_shard(space, seed)
        write_checkpoint(Path(folder, 'rice.pth'))
        encoders = {
            'ResNet-18, crops': MMPretrainEncoder({'type': 'mmpretrain.ResNet', 'depth': 18}, batch_size=32,
                                                  num_threads=threads),
            'RICE ViT-S/16, one pass': RICERegionEncoder(str(Path(folder, 'rice.pth')), batch_size=4, input_size=224,
                                                         num_threads=threads)}
        for name, encoder in encoders.items():
            contenders = {'stage': lambda encoder=encoder: embed_shard(encoder, space, '000000', None),
                          'encoder': bare(encoder, images, boxes)}
            times = time_in_turn(contenders, repeats, warmup=1)
            rate = {key: IMAGES * BOXES / median(seconds) for key, seconds in times.items()}
            rows.append({'encoder': name, 'images': IMAGES, 'regions': IMAGES * BOXES, 'threads': threads,
                         'stage_regions_per_s': rate['stage'], 'encoder_regions_per_s': rate['encoder'],
                         'ratio': speedup(times, 'stage', 'encoder')})
    return rows, {'embed_vs_encoder': rows[0]['ratio'], 'embed_one_pass_vs_encoder': rows[1]['ratio']}


def bare(encoder: Any, images: List[np.ndarray], boxes: np.ndarray) -> Callable[[], None]:
    """A function that runs the model of an encoder on all images, cut up, normalised and batched beforehand."""
    import torch

    from mmrice.data_engine.encoders import RICERegionEncoder
    from mmrice.data_engine.encoders.torch_encoder import to_input
    prepared = [encoder.prepare(image, image_boxes) for image, image_boxes in zip(images, boxes)]
    if isinstance(encoder, RICERegionEncoder):
        starts = range(0, len(prepared), encoder.batch_size)
        batches = [(encoder.to_input(prepared[start:start + encoder.batch_size], 'cpu'),
                    [torch.from_numpy(one.boxes) for one in prepared[start:start + encoder.batch_size]])
                   for start in starts]
    else:
        ready = to_input(np.concatenate(prepared), encoder.mean, encoder.std, 'cpu')
        batches = [(batch, ) for batch in ready.split(encoder.batch_size)]

    def run() -> None:
        for batch in batches:
            with encoder.running():
                encoder.features(*batch)

    return run


def write_shard(space: Any, seed: int) -> Tuple[List[np.ndarray], np.ndarray]:
    """Write a shard and its boxes as stages ingest and propose do; returns images and boxes, (IMAGES, BOXES, 4)."""
    from mmrice.data_engine.images import decode_jpeg
    from mmrice.data_engine.workspace import write_tar
    rng = np.random.default_rng(seed)
    jpegs = [cv2.imencode('.jpg', draw_photo(rng), [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes() for _ in range(IMAGES)]
    write_tar(space.tar('000000'), [(f'{number:06d}', jpeg) for number, jpeg in enumerate(jpegs)])
    limits = np.array([SIDES[1], SIDES[0]])
    sides = rng.uniform(128, limits, (IMAGES, BOXES, 2))
    corners = rng.uniform(0, 1, sides.shape) * (limits - sides)
    boxes = np.concatenate([corners, corners + sides], 2).astype(np.float32)
    proposals = space.work('000000', 'propose', 'npz')
    proposals.parent.mkdir()
    np.savez(proposals, counts=np.full(IMAGES, BOXES, np.int64), boxes=boxes.reshape(-1, 4),
             scores=np.ones(IMAGES * BOXES, np.float32))
    return [decode_jpeg(jpeg) for jpeg in jpegs], boxes


def draw_photo(rng: np.random.Generator) -> np.ndarray:
    """An image whose amplitudes fall with one over the frequency, as those of photos do, uint8, (480, 640, 3)."""
    frequency = np.hypot(np.fft.fftfreq(SIDES[0])[:, None], np.fft.rfftfreq(SIDES[1]))
    noise = rng.normal(size=(3, *frequency.shape, 2)) @ [1, 1j] / np.maximum(frequency, 1 / SIDES[1])
    noise[1:] = 0.8 * noise[:1] + 0.2 * noise[1:]  # colours go together, as in photos
    image = np.fft.irfft2(noise, SIDES)
    image = 128 + 50 * (image - image.mean((1, 2), keepdims=True)) / image.std((1, 2), keepdims=True)
    return np.ascontiguousarray(image.clip(0, 255).astype(np.uint8).transpose(1, 2, 0))


def write_checkpoint(path: Path) -> None:
    """A RICE ViT-S/16 with random weights."""
    import torch

    from mmrice.models import RegionTransformer, RICEViT
    torch.manual_seed(0)
    backbone = RICEViT('small', patch_size=16, out_type='raw')
    neck = RegionTransformer(backbone.embed_dims, 512, backbone.num_heads, 16)
    state = torch.nn.ModuleDict(dict(backbone=backbone, neck=neck)).state_dict()
    torch.save({'state_dict': state, 'meta': {'preprocess': dict(mean=MEAN, std=STD, order='RGB')}}, path)
