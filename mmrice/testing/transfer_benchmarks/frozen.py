"""A training step of a probe: encoder frozen against the same config with the encoder trained along."""
import gc
from statistics import median
from typing import Any, Dict, List, Tuple, Union

import torch

from mmrice.utils.timing import resident_memory, speedup, time_in_turn

from .probe import Probe, draw_batch, kept_bytes, synchronizer

Row = Dict[str, Any]
KINDS = dict(frozen=True, trained=False)
MIB = 2**20


def measure(arch: Union[str, dict] = 'small', side: int = 224, batch: int = 4, device: str = 'cpu', repeats: int = 5,
            seed: int = 0) -> Tuple[List[Row], Dict[str, float]]:
    """Memory of each alone, then steps in turn.

    Args:
        arch: Of :class:`mmrice.RICEViT`, patches of 16 px.
        side: Of the images, px.
        batch: Images a step.
        device: 'cpu' or 'cuda'.
        repeats: Rounds that count.
        seed: Of weights and images.

    Returns:
        tuple: Rows of ``encoder`` ('frozen', 'trained'), ``step_s``, ``peak_mib`` (most memory of a step with weights,
        gradients and optimizer's state; on CUDA what is allocated, on a CPU by how much the process grows),
        ``encoder_keeps_mib`` (activations that the encoder keeps for the backward pass) and ``parameters_trained``;
        and the ratios ``frozen_step_speedup`` and ``trained_over_frozen_memory``.

    Raises:
        UserError: Memory of a process, on another system than Linux.
    """
    images, samples = draw_batch(batch, side, device, seed)
    Probe('tiny', False, device).step(*draw_batch(1, 32, device))  # loads the libraries, which are nobody's memory
    rows = []
    for name, frozen in KINDS.items():
        peak = peak_bytes(arch, frozen, device, images, samples)
        probe = Probe(arch, frozen, device, seed=seed)
        backbone = probe.model.backbone
        keeps = kept_bytes(backbone, lambda backbone=backbone: backbone(images))
        trained = sum(parameter.numel() for parameter in probe.model.parameters() if parameter.requires_grad)
        rows.append({'encoder': name, 'peak_mib': peak / MIB, 'encoder_keeps_mib': keeps / MIB,
                     'parameters_trained': trained})
        del probe, backbone
    probes = {name: Probe(arch, frozen, device, seed=seed) for name, frozen in KINDS.items()}
    times = time_in_turn({name: lambda probe=probe: probe.step(images, samples) for name, probe in probes.items()},
                         repeats, synchronize=synchronizer(device))
    for row in rows:
        row['step_s'] = median(times[row['encoder']])
    memory = {row['encoder']: row['peak_mib'] for row in rows}
    return rows, {'frozen_step_speedup': speedup(times, 'frozen', 'trained'),
                  'trained_over_frozen_memory': memory['trained'] / memory['frozen']}


def peak_bytes(arch: Union[str, dict], frozen: bool, device: str, images: torch.Tensor, samples: List[Any]) -> int:
    """Most memory of the second step of a fresh model, above what there was before the model."""
    gc.collect()
    if torch.device(device).type == 'cuda':
        torch.cuda.empty_cache()
        before = torch.cuda.memory_allocated()
        probe = Probe(arch, frozen, device)
        probe.step(images, samples)
        torch.cuda.reset_peak_memory_stats()
        probe.step(images, samples)
        return torch.cuda.max_memory_allocated() - before
    before = resident_memory(reset_peak=True)[0]
    probe = Probe(arch, frozen, device)
    for _ in range(2):
        probe.step(images, samples)
    return resident_memory()[1] - before
