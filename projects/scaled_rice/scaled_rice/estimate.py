"""How long jobs take: seconds on a 2-core AMD EPYC with two jobs at once, bfloat16, torch 2.14.

Means of the three-seed run of ``--budget cpu`` whose page is in ``docs``; the scenes (``prepare_mini``) were there
before it, their seconds are a guess.
"""
import re
from pathlib import Path
from typing import Dict, Iterable, Optional

from mmrice.utils.job_pool import Job

from .budgets import Budget
from .jobs import Command

START = 8.5  # of a process, imports
# --budget cpu: seconds of an iteration of training, with its share of the loader
STEP: Dict[str, float] = {
    'rice_vit-mini_scaled-regions': 0.23, 'mlcd_vit-mini_scaled-images': 0.23, 'clip_vit-mini_scaled-texts': 0.35,
    'cloc_vit-mini_scaled-texts': 0.41, 'umg-clip_vit-mini_scaled-umg': 0.60,
    'linear_frozen-vit-mini_scaled-scenes': 0.22, 'fcos_frozen-vit-mini_scaled-scenes': 0.14,
    'fcos_frozen-vit-mini_scaled-trees': 0.14,
}
# --budget cpu: seconds of a test, and of the steps of the data
TEST: Dict[str, float] = {
    'region-knn_vit-mini_scaled-validation': 4, 'region-knn_vit-mini_scaled-scenes': 6.5,
    'region-knn_vit-mini_scaled-words': 6.5, 'region-knn_vit-mini_scaled-trees': 2.5,
    'knn_vit-mini_scaled-scenes': 11.5, 'linear_frozen-vit-mini_scaled-scenes': 6,
    'fcos_frozen-vit-mini_scaled-scenes': 12, 'fcos_frozen-vit-mini_scaled-trees': 6,
}
DATA: Dict[str, float] = {'prepare_mini': 60, 'prepare': 3, 'regions': 519, 'images': 9, 'texts': 30, 'phrases': 10,
                          'umg': 62, 'clusters': 10}


def command_seconds(command: Command, budget: Budget) -> float:
    """Seconds of a command of ``--budget cpu`` on one core."""
    tool, name = Path(command[1]).stem, Path(command[2]).stem
    if tool == 'train':
        stated = re.findall(r'train_cfg\.max_iters=(\d+)', ' '.join(command))
        iters = int(stated[0]) if stated else budget.settings['probe']['iters']
        return START + iters * STEP[name]
    if tool == 'test':
        return START + TEST[name]
    if tool == 'build_region_data' and '--stages' in command:
        return DATA['clusters']
    return DATA[name if tool == 'build_region_data' else tool]


def estimate(jobs: Iterable[Job], budget: Budget, workers: int) -> Optional[float]:
    """Seconds of all jobs at so many at once, were none ever waiting; None where nothing was measured.

    Args:
        jobs: To be run.
        budget: Known is 'cpu'.
        workers: Jobs at once, each on a core of its own.
    """
    if budget.name != 'cpu':
        return None
    return sum(command_seconds(command, budget) for job in jobs for command in job.commands) / workers
