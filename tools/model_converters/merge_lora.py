#!/usr/bin/env python
"""Merge the updates of LoRA into the weights of the backbone that they were trained beside.

CHECKPOINT comes from tools/train.py with model.backbone=dict(type='mmrice.AdaptedBackbone', tunings=[LoRA ...]); what
is written is a plain backbone with equal outputs, for init_cfg.checkpoint and for mmrice_to_hf.py.

Example:
    python tools/model_converters/merge_lora.py work_dirs/upernet_lora/latest.pth work_dirs/merged.pth
"""
import argparse

import mmrice  # noqa: F401  (registers scopes and stand-ins before a host is imported)
from mmrice.utils import run_cli


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', metavar='CHECKPOINT', help='of a model with mmrice.AdaptedBackbone')
    parser.add_argument('out', metavar='OUT', help='.pth, .pt or .safetensors')
    parser.add_argument('--debug', action='store_true', help='show the traceback of an error')
    return parser.parse_args()


def main() -> None:
    """Merge, write, say what is in it."""
    args = parse_args()
    from mmrice.engine.weights import save_backbone, summary
    from mmrice.engine.weights.tuned import merge_tuned
    backbone = merge_tuned(args.checkpoint)
    save_backbone(backbone, args.out)
    print(summary(backbone))
    print(f'backbone: {args.out}')


if __name__ == '__main__':
    run_cli(main)
